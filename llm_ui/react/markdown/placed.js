// What an answer has on the page: finished blocks, and behind them what is not finished yet.
import { patchChildren } from "./patch.js";

// So many blocks at the end are always laid out; those before them may be skipped.
const NEAR = 24;

/**
 * A text as it is, where it cannot be shown as what it means.
 *
 * @param {string} text
 */
export function plainNode(text) {
  const node = document.createElement("p");
  node.className = "lu-md-plain";
  node.dir = "auto";
  node.textContent = text;
  return node;
}

export class Placed {
  // How many nodes of the container are finished.
  blocks = 0;

  /**
   * `dress(fragment | element, final)` gives new nodes their labels and the like.
   *
   * @param {HTMLElement} container
   * @param {Lu.Dress} dress
   */
  constructor(container, dress) {
    this.container = container;
    this.dress = dress;
  }

  /**
   * Shows these nodes, and nothing else, behind what is finished and `more` nodes.
   *
   * @param {Node[]} nodes
   */
  show(nodes, more = 0) {
    patchChildren(this.container, this.blocks + more, nodes);
  }

  /** @param {number} count */
  blocksDone(count) {
    this.blocks += count;
    for (let i = this.blocks - count - NEAR; i < this.blocks - NEAR; i++) {
      if (i >= 0) this.block(i).classList.add("lu-md-far");
    }
  }

  /** @param {number} index */
  block(index) {
    return /** @type {HTMLElement} */ (this.container.childNodes[index]);
  }

  /**
   * Dresses live nodes that will not change any more.
   *
   * @param {Node} parent
   * @param {number} from
   * @param {number} count
   */
  settle(parent, from, count) {
    let node = /** @type {HTMLElement} */ (parent.childNodes[from]);
    for (let left = count; left > 0; left--) {
      this.dress(node, true);
      node = /** @type {HTMLElement} */ (node.nextSibling);
    }
  }
}
