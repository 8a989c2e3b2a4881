// What the packages that are imported do not tell themselves, or would take megabytes to tell.
/// <reference path="./node_modules/highlight.js/types/index.d.ts" />

declare module "*.css";

declare module "katex/contrib/mhchem";

declare module "lucide-react" {
  type Sign = (props: React.SVGProps<SVGSVGElement> & { size?: number }) => React.ReactElement;
  export const Archive: Sign;
  export const Bot: Sign;
  export const ChartColumn: Sign;
  export const CircleUser: Sign;
  export const CornerDownLeft: Sign;
  export const Files: Sign;
  export const Folder: Sign;
  export const Gauge: Sign;
  export const History: Sign;
  export const Keyboard: Sign;
  export const Languages: Sign;
  export const LogOut: Sign;
  export const MessageSquare: Sign;
  export const Monitor: Sign;
  export const Moon: Sign;
  export const NotebookPen: Sign;
  export const Search: Sign;
  export const SquarePen: Sign;
  export const Sun: Sign;
  export const Zap: Sign;
}
