export default {
  extends: ["stylelint-config-standard"],
  rules: {
    // Blank lines tell groups of tokens apart.
    "custom-property-empty-line-before": null,
    // A later layer wins without it (assets/styles/index.css).
    "declaration-no-important": true,
    // It goes by the last part of selectors alone: what it finds here are parts of different
    // components, which no element is at once.
    "no-descending-specificity": null,
    // lu-block, lu-block__part, lu-block--variant; and what highlight.js makes: hljs-built_in, class_.
    "selector-class-pattern": [
      "^(hljs-[a-z_-]+|[a-z][a-z0-9]*(-[a-z0-9]+)*(__[a-z0-9]+(-[a-z0-9]+)*)?(--[a-z0-9]+(-[a-z0-9]+)*)?|[a-z]+_+)$",
      { message: "Expected a class like lu-block__part--variant" },
    ],
    // Names of fonts are written as they are.
    "value-keyword-case": ["lower", { ignoreProperties: ["--lu-font", "--lu-mono"] }],
  },
};
