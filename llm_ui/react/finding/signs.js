// What stands before an entry of the palette: the sign of its kind, or of what it does.
import {
  Archive,
  Bot,
  ChartColumn,
  CircleUser,
  Files,
  Folder,
  Gauge,
  History,
  Keyboard,
  Languages,
  LogOut,
  MessageSquare,
  Monitor,
  Moon,
  NotebookPen,
  SquarePen,
  Sun,
  Zap,
} from "lucide-react";

/** @type {Record<string, typeof Zap>} */
const KINDS = { chat: MessageSquare, archived: Archive, command: Zap, model: Bot };
/** @type {Record<string, typeof Zap>} */
const ACTS = {
  chart: ChartColumn,
  files: Files,
  folder: Folder,
  gauge: Gauge,
  history: History,
  keyboard: Keyboard,
  languages: Languages,
  monitor: Monitor,
  moon: Moon,
  notebook: NotebookPen,
  out: LogOut,
  pen: SquarePen,
  person: CircleUser,
  sun: Sun,
};

/** @param {{ kind: string, icon?: string }} item */
export const signOf = ({ kind, icon }) => ACTS[icon ?? ""] ?? KINDS[kind];
