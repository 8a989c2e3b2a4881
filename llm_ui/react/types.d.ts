// Shapes that several modules share, for the type checker alone.
import type { Lexer, Tokenizer } from "marked";

declare global {
  interface ImportMeta {
    // The bundler's: files by their paths, each fetched when it is asked for.
    glob(patterns: string[], options: { import: string }): Record<string, () => Promise<any>>;
  }

  interface Window {
    lu: Lu.Page;
    luLine?: boolean;
    luTips?: boolean;
  }

  interface Navigator {
    // Chromium's own.
    readonly userAgentData?: { readonly platform: string };
  }

  // What our selectors find are HTML's elements, never those of SVG.
  interface ParentNode {
    querySelector<K extends keyof HTMLElementTagNameMap>(
      selectors: K,
    ): HTMLElementTagNameMap[K] | null;
    querySelector(selectors: string): HTMLElement | null;
    querySelectorAll<K extends keyof HTMLElementTagNameMap>(
      selectors: K,
    ): NodeListOf<HTMLElementTagNameMap[K]>;
    querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
  }

  interface Element {
    closest<K extends keyof HTMLElementTagNameMap>(selector: K): HTMLElementTagNameMap[K] | null;
    closest(selectors: string): HTMLElement | null;
  }

  namespace Lu {
    /** Words of the page in the person's language, by name. */
    type Labels = Record<string, string>;
    type Timer = ReturnType<typeof setTimeout>;
    /** What a call over REST throws. */
    type Failure = Error & { status?: number; field?: string };
    type Children = { children?: React.ReactNode };

    // --- markdown ---
    /** Of whichever kind: what else it has, its `type` says. */
    type Token = { type: string; raw: string; [name: string]: any };
    type Links = Record<string, { href: string; title?: string | null }>;
    type BoundedLexer = Lexer & { nested(src: string): import("marked").Token[] };
    /** What marked keeps to itself. */
    type LexerInside = { tokenizer: Tokenizer };
    type Formula = { raw: string; text: string; display: boolean };
    type Dress = (root: Element | DocumentFragment, final: boolean) => void;
    type ProseLabels = {
      copy: string;
      copied: string;
      fold?: string;
      save?: string;
      wrap?: string;
      footnote?: string;
      loadImage: string;
      source?: string;
    };

    // --- answers ---
    /** Which part of a file a source is. */
    type Part = { first?: number; last?: number; [name: string]: unknown };
    type Source = {
      number: number;
      url?: string;
      title?: string;
      state?: string;
      problem?: string;
      part?: Part;
    };
    type AnswerLabels = Labels & {
      problems?: Labels;
      waiting?: Labels;
    };
    /** A push of Reflex's store that belongs to the run `g`. */
    type Push = {
      g: number;
      o: number;
      t: string;
      ms?: number;
    };
    type Message = { id: string; [name: string]: unknown };
    type MessageChange = { n?: number; put?: Message[]; after?: string; before?: string };

    // --- files ---
    type FileStatus = "queued" | "uploading" | "waiting" | "ready" | "failed" | "refused";
    type File = {
      id: string;
      name: string;
      size: number;
      kind: string;
      status: FileStatus;
      error?: string;
      note?: string;
      fresh?: boolean;
      media_type?: string;
      created_at?: string;
    };
    /** A file of a page, on its way or there. */
    type Upload = Partial<File> & {
      key: string;
      name: string;
      size: number;
      kind: string;
      status: FileStatus;
      blob?: Blob | null;
      preview?: string;
      percent?: number;
      final?: boolean;
      request?: XMLHttpRequest | null;
    };

    // --- finding ---
    type Piece = { text: string; hit: boolean };
    type Hit = {
      chat_id: string;
      message_id?: string | null;
      title: Piece[];
      snippet: Piece[];
      archived?: boolean;
      at?: string;
    };

    // --- the page's own functions ---
    type Target = Record<string, string>;
    type Page = {
      again?: (error: string) => void;
      target: Target;
      ask?: (text: string) => void;
      copyPlain?: (id: string) => Promise<boolean>;
      show: (id: string) => void;
      edit: (id: string) => void;
      secret: (id: string) => void;
      take: (href: string) => void;
      hand: (id: string, given: string) => void;
      fields: (id: string) => string;
      shut: (id: string) => void;
      language: (tag: string) => void;
    };
  }
}
