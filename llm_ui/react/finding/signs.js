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

const KINDS = { chat: MessageSquare, archived: Archive, command: Zap, model: Bot };
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

export const signOf = ({ kind, icon }) => ACTS[icon] ?? KINDS[kind];
