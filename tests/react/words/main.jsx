// Text of the application on a bare page, in the language that boot.js found.
import { createRoot } from "react-dom/client";
import { spoken, useText } from "$/public/external/llm_ui/components/text/text.js";

function Words() {
  const text = useText();
  window.text = text;
  return <h1>{text.t("chat.new")}</h1>;
}

createRoot(document.getElementById("root")).render(<Words />);
spoken.then(() => {
  window.lab = true;
});
