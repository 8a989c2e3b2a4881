"""Who may call what over the websocket, and what its arguments name: one line a handler.

    State.handler      who      password   argument=kind …

`who`: everybody ("public"), people who are signed in ("user"), administrators ("admin").
`password`, if it stands there: where it reaches far, it asks for the password once more.
An argument that names a thing says of which kind; `kind,` stands for several with commas
between them, `[kind]` for a list in JSON. A person's own things (OWNED) look missing to
everybody else. test_isolation.py plays every line, and fails for a handler without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.sources import ways

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

AdminUsageState.load_all_usage          admin
AdminUsageState.show_preset             admin
AdminUsageState.show_range              admin
AdminUsageState.show_by                 admin
AdminUsageState.sort_by                 admin
AdminUsageState.turn_page               admin
AdminUsageState.narrow_to               admin
AdminUsageState.widen                   admin

AIModelState.load_models                admin
AIModelState.load_media                 admin
AIModelState.new_model                  admin
AIModelState.add_model                  admin
AIModelState.ask_to_remove              admin   model_id=model
AIModelState.remove_model               admin   model_id=model
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

AllKeysState.load_all_keys              admin
AllKeysState.look_for                   admin
AllKeysState.load_more                  admin
AllKeysState.revoke_any_key             admin   key_id=key

AuthState.require_user                  user
AuthState.require_guest                 public
AuthState.require_admin                 admin

BranchesState.show_message              user    message_id=message
BranchesState.keep_answer               user    message_id=message
BranchesState.fork_chat                 user    message_id=message

ChatFilesState.attach_files             user    ids=[file]
ChatFilesState.look_along               user

ChatSettingsState.save_settings         user
ChatSettingsState.look_at_instructions  user
ChatSettingsState.toggle_temporary      user

ChatState.load_chat                     user
ChatState.load_beside                   user
ChatState.send_message                  user
ChatState.load_in_project               user

ConfirmState.confirm_password           user

EditingState.edit_message               user    message_id=message
EditingState.retry                      user    message_id=message model_id=model
EditingState.rate_answer                user    message_id=message

ExportState.load_export                 user
ExportState.prepare_export              user

FilesState.load_files                   user
FilesState.refresh_files                user
FilesState.look_again                   user
FilesState.search_files                 user
FilesState.load_more_files              user
FilesState.ask_delete                   user    file_id=file
FilesState.delete_file                  user    file_id=file

FollowingState.continue_answer          user    message_id=message
FollowingState.stop                     user
FollowingState.follow_answer            user    run_id=run
FollowingState.resync                   user
FollowingState.look_waiting             user

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
JobsState.take_backup                   admin   password   name=backup
JobsState.ask_to_delete                 admin   name=backup
JobsState.delete_backup                 admin   password
JobsState.set_backup_days               admin
JobsState.set_backups_kept              admin   password

KeysState.load_keys                     user
KeysState.create_key                    user    password
KeysState.rotate_key                    user    password   key_id=key
KeysState.revoke_key                    user    key_id=key


MessagePagesState.load_earlier          user
MessagePagesState.load_later            user
MessagePagesState.load_newest           user

ModelChoiceState.refresh_models         user
ModelChoiceState.select_model           user    model_id=model
ModelChoiceState.choose_also            user    model_id=model
ModelChoiceState.measure_context        user

ModelFileState.open_files               admin
ModelFileState.look_again               admin
ModelFileState.use_file                 admin
ModelFileState.use_path                 admin
ModelFileState.cancel_loading           admin
ModelFileState.ask_to_delete            admin
ModelFileState.delete_file              admin

ModesState.choose_image_model           user    model_id=image_model
ModesState.toggle_mode                  user

MonitoringState.load_log                admin
MonitoringState.look_for                admin
MonitoringState.narrow                  admin
MonitoringState.clear_filters           admin
MonitoringState.load_more               admin
MonitoringState.follow                  admin
MonitoringState.tick                    admin
MonitoringState.keep_days               admin   password

OllamaState.open_installed_models                 admin   provider_id=provider
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
PeopleState.invite                      admin   password
PeopleState.create                      admin   password
PeopleState.revoke                      admin   invitation_id=invitation
PeopleState.ask                         admin   user_id=person
PeopleState.do_asked                    admin   password
PeopleState.enable                      admin   password   user_id=person
PeopleState.make_reset_link             admin   password   user_id=person
PeopleState.ask_to_delete               admin   user_id=person
PeopleState.look_for_heirs              admin
PeopleState.delete_person               admin   password
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

RefreshState.catch_up                   user    chat_ids=chat,

SidebarState.load_chats                 user
SidebarState.refresh_chats              user
SidebarState.pin_chat                   user    chat_id=chat
SidebarState.archive_chat               user    chat_id=chat
SidebarState.move_chat                  user    chat_id=chat project_id=project
SidebarState.tag_chat                   user    chat_id=chat
SidebarState.rename_chat                user    chat_id=chat
SidebarState.delete_chat                user    chat_id=chat
SidebarState.undo_last                  user
SidebarState.dismiss_undo               user

UsageState.load_usage                   user
UsageState.show_days                    user
UsageState.show_range                   user
"""


@dataclass(frozen=True)
class Line:
    """A handler: who may call it, whether it asks for the password once more, and of which kind
    the things are that its arguments name."""

    name: str
    who: str
    asks: bool
    names: dict[str, str]

    @property
    def owned(self) -> dict[str, str]:
        """The arguments that name what belongs to a person."""
        return {name: kind for name, kind in self.names.items() if kind.strip("[],") in OWNED}


def _line(text: str) -> Line:
    name, who, *rest = text.split()
    asks = rest[:1] == ["password"]
    return Line(name, who, asks, dict(each.split("=", 1) for each in rest[asks:]))


LINES = {line.name: line for line in map(_line, filter(None, TABLE.splitlines()))}


def _found() -> Iterator[tuple[str, Any, Any]]:
    """Each of the application's own handlers: its full name, its state, its function."""
    from llm_ui.llm_ui import app
    from llm_ui.reflex_internals import registered_handlers

    with app.set_contexts():
        for name, (state, fn) in registered_handlers().items():
            # Other tests of the same process make states of their own.
            if fn.__module__.startswith(OWN) and ".tests___" not in name:
                yield name, state, fn


def _short(name: str, state: Any) -> str:
    return f"{state.__name__}.{name.rpartition('.')[2]}"


def registered() -> dict[str, tuple[str, Any]]:
    """Each of the application's own handlers as the table names it: full name, function."""
    return {_short(name, state): (name, fn) for name, state, fn in _found()}


def coming_to(wanted: Any) -> dict[str, set[str]]:
    """The handlers that come to this function, each with the functions that name it."""
    found = {_short(name, state): ways(fn, wanted, owner=state) for name, state, fn in _found()}
    return {name: each for name, each in found.items() if each}


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
