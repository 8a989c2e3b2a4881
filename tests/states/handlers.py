"""Who may call what over the websocket, and what its arguments name: one line a handler.

    State.handler      who      argument=kind …

`who`: everybody ("public"), people who are signed in ("user"), administrators ("admin").
An argument that names a thing says of which kind; `kind,` stands for several with commas
between them, `[kind]` for a list in JSON. A person's own things (OWNED) look missing to
everybody else. test_handlers.py plays every line, and fails for a handler without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OWN = "llm_ui.states."
# What belongs to a person, and to nobody else.
OWNED = {"browser", "chat", "file", "key", "message", "project", "prompt", "run"}

TABLE = """
AccountState.load_account               user
AccountState.save_profile               user
AccountState.change_password            user
AccountState.keep_theme                 user
AccountState.choose_language            user
AccountState.choose_model               user    model_id=model
AccountState.choose_prompt              user    prompt_id=prompt
AccountState.set_auto_titles            user
AccountState.end_browser                user    browser_id=browser
AccountState.end_other_browsers         user
AccountState.delete_account             user

AdminState.load_dashboard               admin
AdminState.refresh                      admin
AdminState.tick                         admin

AIModelState.load_models                admin
AIModelState.show_view                  admin
AIModelState.look_for                   admin
AIModelState.narrow                     admin
AIModelState.clear_filters              admin
AIModelState.load_more                  admin
AIModelState.switch_model               admin   model_id=model
AIModelState.make_default               admin   model_id=model
AIModelState.move_model                 admin   model_id=model
AIModelState.pick                       admin   model_id=model
AIModelState.pick_all                   admin
AIModelState.switch_picked              admin
AIModelState.price_picked               admin
AIModelState.open_model                 admin   model_id=model
AIModelState.choose_visibility          admin
AIModelState.look_for_readers           admin
AIModelState.add_reader                 admin   user_id=person
AIModelState.drop_reader                admin   user_id=person
AIModelState.save_model                 admin
AIModelState.new_type                   admin
AIModelState.open_type                  admin   type_id=type
AIModelState.save_type                  admin
AIModelState.move_type                  admin   type_id=type
AIModelState.ask_to_delete_type         admin   type_id=type
AIModelState.delete_type                admin
AIModelState.open_prices                admin   model_id=model
AIModelState.new_price                  admin
AIModelState.use_listed                 admin
AIModelState.open_price                 admin   price_id=price
AIModelState.save_price                 admin
AIModelState.delete_price               admin   price_id=price

AIProviderState.load_providers          admin
AIProviderState.refresh                 admin
AIProviderState.load_more               admin
AIProviderState.sync_provider           admin   provider_id=provider
AIProviderState.test_saved              admin   provider_id=provider
AIProviderState.dismiss_result          admin
AIProviderState.save_provider           admin
AIProviderState.switch_provider         admin   provider_id=provider
AIProviderState.ask_to_delete           admin   provider_id=provider
AIProviderState.delete_provider         admin   provider_id=provider
AIProviderState.new_provider            admin
AIProviderState.choose_preset           admin
AIProviderState.choose_again            admin
AIProviderState.open_provider           admin   provider_id=provider
AIProviderState.test_provider           admin

AdminUsageState.load_all_usage          admin
AdminUsageState.show_preset             admin
AdminUsageState.show_range              admin
AdminUsageState.show_by                 admin
AdminUsageState.sort_by                 admin
AdminUsageState.turn_page               admin
AdminUsageState.narrow_to               admin
AdminUsageState.widen                   admin

AllKeysState.load_all_keys              admin
AllKeysState.look_for_keys              admin
AllKeysState.load_more_keys             admin
AllKeysState.revoke_any_key             admin   key_id=key

AuthState.require_user                  user
AuthState.require_guest                 public
AuthState.require_admin                 admin

ChatState.load_chat                     user
ChatState.load_beside                   user
ChatState.load_chats                    user
ChatState.refresh_chats                 user
ChatState.refresh_models                user
ChatState.select_model                  user    model_id=model
ChatState.choose_also                   user    model_id=model
ChatState.choose_image_model            user    model_id=image_model
ChatState.attach_files                  user    ids=[file]
ChatState.send_message                  user
ChatState.load_earlier                  user
ChatState.load_later                    user
ChatState.load_newest                   user
ChatState.catch_up                      user    chat_ids=chat,
ChatState.continue_answer               user    message_id=message
ChatState.stop                          user
ChatState.follow_answer                 user    run_id=run
ChatState.resync                        user
ChatState.look_waiting                  user
ChatState.edit_message                  user    message_id=message
ChatState.retry                         user    message_id=message model_id=model
ChatState.show_message                  user    message_id=message
ChatState.keep_answer                   user    message_id=message
ChatState.fork_chat                     user    message_id=message
ChatState.rate_answer                   user    message_id=message
ChatState.pin_chat                      user    chat_id=chat
ChatState.archive_chat                  user    chat_id=chat
ChatState.move_chat                     user    chat_id=chat project_id=project
ChatState.tag_chat                      user    chat_id=chat
ChatState.rename_chat                   user    chat_id=chat
ChatState.delete_chat                   user    chat_id=chat
ChatState.undo_last                     user
ChatState.dismiss_undo                  user
ChatState.save_settings                 user
ChatState.look_at_instructions          user
ChatState.load_in_project               user
ChatState.toggle_temporary              user
ChatState.toggle_mode                   user
ChatState.measure_context               user
ChatState.look_along                    user

ConfirmState.confirm_password           user

ExportState.load_export                 user
ExportState.prepare_export              user

FilesState.load_files                   user
FilesState.refresh_files                user
FilesState.look_again                   user
FilesState.search_files                 user
FilesState.load_more_files              user
FilesState.ask_delete                   user    file_id=file
FilesState.delete_file                  user    file_id=file

HistoryState.load_history               user
HistoryState.look_again                 user
HistoryState.load_more                  user
HistoryState.look_for                   user
HistoryState.narrow                     user
HistoryState.show_archived              user
HistoryState.clear_filters              user
HistoryState.pick                       user    chat_id=chat
HistoryState.pick_all                   user
HistoryState.archive_picked             user
HistoryState.move_picked                user    project_id=project
HistoryState.tag_picked                 user
HistoryState.delete_picked              user
HistoryState.bring_back                 user
HistoryState.dismiss                    user

JobsState.load_jobs                     admin
JobsState.look_again                    admin
JobsState.show_status                   admin
JobsState.show_kind                     admin
JobsState.load_more                     admin
JobsState.start_job                     admin
JobsState.cancel_job                    admin   job_id=job
JobsState.retry_job                     admin   job_id=job
JobsState.check_backup                  admin   name=backup
JobsState.take_backup                   admin   name=backup
JobsState.ask_to_delete                 admin   name=backup
JobsState.delete_backup                 admin
JobsState.set_backup_days               admin
JobsState.set_backups_kept              admin

KeysState.load_keys                     user
KeysState.create_key                    user
KeysState.rotate_key                    user    key_id=key
KeysState.revoke_key                    user    key_id=key

MediaState.load_media                   admin
MediaState.new_provider                 admin
MediaState.open_provider                admin   provider_id=image_provider
MediaState.save_provider                admin
MediaState.switch_provider              admin   provider_id=image_provider
MediaState.test_draft                   admin
MediaState.test_saved                   admin   provider_id=image_provider
MediaState.dismiss_result               admin
MediaState.new_model                    admin   provider_id=image_provider
MediaState.open_model                   admin   model_id=image_model
MediaState.save_model                   admin
MediaState.switch_model                 admin   model_id=image_model
MediaState.open_type                    admin   type_id=image_type
MediaState.save_type                    admin
MediaState.ask_to_delete                admin   thing_id=image_thing
MediaState.delete_doomed                admin

ModelFileState.open_files               admin
ModelFileState.look_again               admin
ModelFileState.use_file                 admin
ModelFileState.use_path                 admin
ModelFileState.cancel_loading           admin
ModelFileState.ask_to_delete            admin
ModelFileState.delete_file              admin

MonitoringState.load_log                admin
MonitoringState.look_for                admin
MonitoringState.narrow                  admin
MonitoringState.clear                   admin
MonitoringState.load_more               admin
MonitoringState.follow                  admin
MonitoringState.tick                    admin
MonitoringState.keep_days               admin

OllamaState.open_stored                 admin   provider_id=provider
OllamaState.look_again                  admin
OllamaState.pull_model                  admin
OllamaState.cancel_pull                 admin   job_id=pull
OllamaState.retry_pull                  admin   job_id=pull
OllamaState.ask_to_delete               admin
OllamaState.delete_model                admin

PaletteState.find                       user

PeopleState.load_people                 admin
PeopleState.show_view                   admin
PeopleState.look_for                    admin
PeopleState.narrow                      admin
PeopleState.clear_filters               admin
PeopleState.load_more                   admin
PeopleState.open_form                   admin
PeopleState.invite                      admin
PeopleState.create                      admin
PeopleState.revoke                      admin   invitation_id=invitation
PeopleState.ask                         admin   user_id=person
PeopleState.do_asked                    admin
PeopleState.enable                      admin   user_id=person
PeopleState.make_reset_link             admin   user_id=person
PeopleState.ask_to_delete               admin   user_id=person
PeopleState.look_for_heirs              admin
PeopleState.delete_person               admin
PeopleState.set_registration            admin
PeopleState.save_domains                admin

PerformanceState.load_performance       admin
PerformanceState.look_again             admin
PerformanceState.choose                 admin
PerformanceState.look_at                admin
PerformanceState.look_at_all            admin

ProjectFilesState.load_files            user
ProjectFilesState.look_again            user
ProjectFilesState.add_files             user    ids=[file]
ProjectFilesState.remove_file           user    file_id=file
ProjectFilesState.undo_remove           user
ProjectFilesState.dismiss_removed       user

ProjectsState.load_projects             user
ProjectsState.load_project              user
ProjectsState.look_again                user
ProjectsState.load_more                 user
ProjectsState.create_project            user
ProjectsState.save_project              user
ProjectsState.delete_project            user

PromptsState.load_prompts               user
PromptsState.search                     user
PromptsState.show_tag                   user
PromptsState.load_more                  user
PromptsState.new_prompt                 user
PromptsState.open_prompt                user    prompt_id=prompt
PromptsState.save_prompt                user
PromptsState.copy_prompt                user    prompt_id=prompt
PromptsState.unshare_prompt             admin   prompt_id=shared_prompt
PromptsState.ask_to_delete              user    prompt_id=prompt
PromptsState.delete_prompt              user    prompt_id=prompt

ProviderAddressState.new_address        admin   provider_id=provider
ProviderAddressState.open_address       admin   provider_id=provider address_id=address
ProviderAddressState.save_address       admin
ProviderAddressState.switch_address     admin   provider_id=provider address_id=address
ProviderAddressState.move_address       admin   provider_id=provider address_id=address
ProviderAddressState.ask_to_delete      admin   provider_id=provider address_id=address
ProviderAddressState.delete_address     admin   provider_id=provider address_id=address

UsageState.load_usage                   user
UsageState.show_days                    user
UsageState.show_range                   user
"""


@dataclass(frozen=True)
class Line:
    """A handler: who may call it, and of which kind the things are that its arguments name."""

    name: str
    who: str
    names: dict[str, str]

    @property
    def owned(self) -> dict[str, str]:
        """The arguments that name what belongs to a person."""
        return {name: kind for name, kind in self.names.items() if kind.strip("[],") in OWNED}


def _line(text: str) -> Line:
    name, who, *names = text.split()
    return Line(name, who, dict(each.split("=", 1) for each in names))


LINES = {line.name: line for line in map(_line, filter(None, TABLE.splitlines()))}


def registered() -> dict[str, tuple[str, Any]]:
    """Each of the application's own handlers as the table names it: full name, function."""
    from reflex_base.registry import RegistrationContext

    from llm_ui.llm_ui import app

    with app.set_contexts():
        found = RegistrationContext.get().event_handlers
        # Other tests of the same process make states of their own.
        return {
            f"{each.states[0].__name__}.{name.rpartition('.')[2]}": (name, each.handler.fn)
            for name, each in found.items()
            if each.handler.fn.__module__.startswith(OWN) and ".tests___" not in name
        }


def full_names(who: str) -> set[str]:
    """The names under which Reflex knows the handlers that are for these."""
    found = registered()
    return {found[line.name][0] for line in LINES.values() if line.who == who}


# Every page: who sees it. "guest": everybody; who is signed in is led to the chats. "setup": so
# too, but only while nobody has an account.
PAGES = """
/                       public
/404                    public
/login                  guest
/register               guest
/setup                  setup
/join                   public
/reset                  public
/chat/[[chat_id]]       user
/files                  user
/history                user
/projects               user
/projects/[folder_id]   user
/prompts                user
/account                user
/usage                  user
/admin                  admin
/admin/jobs             admin
/admin/keys             admin
/admin/log              admin
/admin/media            admin
/admin/models           admin
/admin/people           admin
/admin/performance      admin
/admin/providers        admin
/admin/usage            admin
"""
PAGE_LINES = dict(line.split() for line in PAGES.splitlines() if line)
