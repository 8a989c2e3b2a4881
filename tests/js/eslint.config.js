import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";

export default [
  // Links to the same files, made by Reflex.
  { ignores: ["assets/external/"] },
  js.configs.recommended,
  {
    files: ["**/*.{js,jsx}"],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { ecmaFeatures: { jsx: true } },
    },
    settings: { "react-hooks": { additionalEffectHooks: "useBrowserEffect" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "react-hooks": hooks },
    rules: {
      eqeqeq: "error",
      "no-implicit-coercion": ["error", { allow: ["!!"] }],
      "no-shadow": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "object-shorthand": "error",
      "prefer-const": "error",
      "react-hooks/exhaustive-deps": "error",
      // The plugin's other rules prepare components for React's compiler, which is not used here.
      "react-hooks/rules-of-hooks": "error",
    },
  },
  // A script in the head of every page, as it is: there are no modules yet.
  { files: ["assets/boot.js", "tests/e2e/*.js"], languageOptions: { sourceType: "script" } },
  {
    files: ["tests/js/**/*.js", "tests/react/page/build.mjs"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
];
