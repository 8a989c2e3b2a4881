// What one message does to the page: nothing. If a part of it cannot be shown, its words are,
// and everything around it goes on.
import { Component } from "react";

/** @typedef {Lu.Children & { text?: string }} Props */

export class Boundary extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  /** @param {unknown} error */
  componentDidCatch(error) {
    console.error("A message is shown as plain text", error);
  }

  /** @param {Props} before */
  componentDidUpdate(before) {
    // Another text, or another message in the same place, is tried again.
    if (this.state.failed && before.text !== this.props.text) this.setState({ failed: false });
  }

  render() {
    if (!this.state.failed) return this.props.children;
    const { text } = this.props;
    return text ? (
      <div className="lu-md-answer">
        <div className="lu-md-body">
          <div className="lu-md">
            <p className="lu-md-plain" dir="auto">
              {text}
            </p>
          </div>
        </div>
      </div>
    ) : null;
  }
}
