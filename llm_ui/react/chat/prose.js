// One growing text on the screen: renderer, labels and clock put together.
import { dresser, setSources } from "../markdown/dress.js";
import { Painter } from "../markdown/painter.js";
import { Renderer } from "../markdown/renderer.js";

/** @param {Lu.Labels} labels */
const wordsOf = (labels) => ({
  copy: labels.copy_code ?? "",
  copied: labels.copied ?? "",
  fold: labels.code_fold ?? "",
  save: labels.code_save ?? "",
  wrap: labels.code_wrap ?? "",
  footnote: labels.footnote ?? "",
  loadImage: labels.show_image ?? "",
  source: labels.source ?? "",
});

export class Prose {
  /**
   * @param {HTMLElement} container
   * @param {Lu.Labels} labels
   */
  constructor(container, labels) {
    container.replaceChildren();
    this.renderer = new Renderer(container, dresser(container, wordsOf(labels)));
    this.painter = new Painter(() => this.renderer.paint());
  }

  /**
   * Citations may name these sources, also in what stands there already.
   *
   * @param {Lu.Source[]} sources
   */
  cite(sources) {
    const { container } = this.renderer;
    setSources(container, sources);
    this.renderer.dress(container, false);
  }

  /** @param {string} text */
  append(text) {
    this.renderer.append(text);
    this.painter.request();
  }

  /** @param {string} text */
  replace(text) {
    this.renderer.replace(text);
    this.painter.request();
  }

  /**
   * The text is complete: what is already on the screen stays as it is.
   *
   * @param {string} text
   */
  finish(text) {
    this.painter.stop();
    const { renderer } = this;
    const whole = text.replace(/\r\n?/g, "\n");
    // An empty text means that nothing better is known than what was streamed, and
    // blanks at the ends (which the server may have cut) are not to be seen.
    if (whole && whole.trim() !== renderer.text.trim()) {
      if (!renderer.finished && whole.startsWith(renderer.text)) {
        renderer.append(whole.slice(renderer.text.length));
      } else {
        renderer.replace(whole);
      }
    }
    renderer.paint(true);
  }
}
