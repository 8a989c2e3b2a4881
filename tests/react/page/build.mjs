// Bundles a page of these tests with the tools that a build of the app has installed.
// Usage: node build.mjs <folder that has node_modules> <where to write> [<page> <assets>]
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const [home, outDir, page, assets] = process.argv.slice(2).map((name) => path.resolve(name));
const importer = path.join(home, "package.json");
const here = path.dirname(fileURLToPath(import.meta.url));

const vite = path.dirname(createRequire(importer).resolve("vite/package.json"));
const { build } = await import(pathToFileURL(path.join(vite, "dist/node/index.js")));

// The components lie outside the folder that has the packages they import.
const packages = {
  name: "packages-from-home",
  enforce: "pre",
  resolveId(source) {
    if (!/^[@\w]/.test(source) || path.isAbsolute(source)) return null;
    return this.resolve(source, importer, { skipSelf: true });
  },
};

const reflex = { find: "$", replacement: path.join(here, "reflex") };
const linked = { find: "$/public", replacement: assets };

await build({
  root: page ?? here,
  configFile: false,
  logLevel: "error",
  plugins: [packages],
  resolve: { alias: assets ? [linked, reflex] : [reflex] },
  build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 2000 },
});
