// Lets node load the components as the build does: packages come from this folder, `$/` is the
// stand-in for Reflex, JSX is compiled, and styles are left out.
import { globSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { transform } from "sucrase";

const ROOT = new URL("../../", import.meta.url).href;
const OURS = new URL("llm_ui/", ROOT).href;
const REFLEX = new URL("tests/react/page/reflex/", ROOT).href;
const SHARED = "$/public/external/";

function placeOf(specifier) {
  if (specifier.startsWith(SHARED)) return new URL(specifier.slice(SHARED.length), ROOT).href;
  const url = new URL(specifier.slice(2), REFLEX).href;
  return /\.\w+$/.test(url) ? url : `${url}.js`;
}

// The bundler's `import.meta.glob`, as far as we use it.
globalThis.globbed = ([wanted, ...others]) => {
  const below = (pattern) => pattern.slice(pattern.indexOf(SHARED) + SHARED.length);
  const paths = globSync(below(wanted), { cwd: fileURLToPath(ROOT), exclude: others.map(below) });
  const read = async (path) => JSON.parse(readFileSync(new URL(path, ROOT), "utf8"));
  return Object.fromEntries(paths.map((path) => [path, () => read(path)]));
};

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith("$/")) return { url: placeOf(specifier), shortCircuit: true };
    if (specifier.endsWith(".css")) return { url: "data:text/javascript,", shortCircuit: true };
    const bare = /^[@\w]/.test(specifier) && !specifier.startsWith("node:");
    const isOurs = context.parentURL?.startsWith(OURS) || context.parentURL?.startsWith(REFLEX);
    return next(specifier, bare && isOurs ? { ...context, parentURL: import.meta.url } : context);
  },
  load(url, context, next) {
    if (!url.startsWith(OURS) && !url.startsWith(REFLEX)) return next(url, context);
    const text = readFileSync(fileURLToPath(url), "utf8");
    const made = { format: "module", shortCircuit: true };
    if (url.endsWith(".json")) return { ...made, source: `export default ${text}` };
    if (!url.endsWith(".jsx")) {
      return { ...made, source: text.replace("import.meta.glob(", "globalThis.globbed(") };
    }
    const { code } = transform(text, {
      transforms: ["jsx"],
      jsxRuntime: "automatic",
      production: true,
      disableESTransforms: true,
    });
    return { ...made, source: code };
  },
});
