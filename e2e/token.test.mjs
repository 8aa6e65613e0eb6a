// The colors of tailwind.config.js have enough contrast (WCAG 2.2) in every palette.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { palettes } from "../tailwind.config.js";

// OKLCH to linear sRGB, after https://www.w3.org/TR/css-color-4/#color-conversion-code.
function linear(color) {
  const [l, c, hue] = color.match(/[\d.]+/g).map(Number);
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ].map((channel) => Math.min(1, Math.max(0, channel)));
}

function luminance(color) {
  const [r, g, b] = linear(color);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

// hex is the color on a screen that shows sRGB only.
const hex = (color) =>
  `#${linear(color)
    .map((channel) => (channel <= 0.0031308 ? channel * 12.92 : 1.055 * channel ** (1 / 2.4) - 0.055))
    .map((channel) =>
      Math.round(channel * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;

const grounds = ["canvas", "surface", "raised", "accent-soft"];
const texts = ["ink", "ink-muted", "accent", "positive", "warning", "critical"];
const pairs = [
  ...grounds.flatMap((ground) => texts.map((text) => [text, ground])),
  ["accent-ink", "accent"],
  ["critical-ink", "critical"],
  ...["positive", "warning", "critical"].flatMap((tone) => [
    ["ink", `${tone}-soft`],
    [tone, `${tone}-soft`],
  ]),
];

test("white on black is 21:1, so the arithmetic is right", () => {
  assert.ok(Math.abs(contrast("oklch(1 0 0)", "oklch(0 0 0)") - 21) < 0.01);
});

test("the appearance form shows the color that a widget has by default", () => {
  const form = readFileSync(new URL("../views/appearance.templ", import.meta.url), "utf8");
  assert.equal(form.match(/defaultColor = "(.*)"/)[1], hex(palettes.light.accent));
});

for (const [name, palette] of Object.entries(palettes)) {
  const least = name.endsWith("contrast") ? 7 : 4.5;
  test(`${name}: text ${least}:1 or better, edges and focus 3:1`, () => {
    for (const [text, ground] of pairs) {
      const found = contrast(palette[text], palette[ground]);
      assert.ok(found >= least, `${text} on ${ground} is ${found.toFixed(2)}:1`);
    }
    for (const edge of ["line-strong", "focus"])
      for (const ground of grounds) {
        const found = contrast(palette[edge], palette[ground]);
        assert.ok(found >= 3, `${edge} on ${ground} is ${found.toFixed(2)}:1`);
      }
  });
}
