// Parley's design tokens. The plugin at the end writes them as CSS variables, which the styles of the dashboard and the
// widget use. A test reads the colors and checks their contrast.

// Neutral colors have a little of the accent's hue.
const light = {
  canvas: "oklch(0.968 0.005 205)",
  surface: "oklch(0.99 0.003 205)",
  raised: "oklch(1 0 0)",
  line: "oklch(0.895 0.008 205)",
  "line-strong": "oklch(0.6 0.015 205)", // the edge of a control: contrast 3:1 on every background
  ink: "oklch(0.24 0.015 205)",
  "ink-muted": "oklch(0.46 0.015 205)",
  accent: "oklch(0.46 0.08 205)",
  "accent-soft": "oklch(0.935 0.025 205)", // selected rows, message bubbles of our side
  "accent-ink": "oklch(0.99 0.005 205)",
  positive: "oklch(0.46 0.11 150)",
  "positive-soft": "oklch(0.95 0.03 150)",
  warning: "oklch(0.48 0.1 70)",
  "warning-soft": "oklch(0.955 0.035 80)",
  critical: "oklch(0.5 0.18 25)",
  "critical-soft": "oklch(0.95 0.025 25)",
  "critical-ink": "oklch(0.99 0.005 25)", // text on critical
  focus: "oklch(0.55 0.17 255)",
};

const dark = {
  canvas: "oklch(0.18 0.012 205)",
  surface: "oklch(0.215 0.013 205)",
  raised: "oklch(0.26 0.015 205)",
  line: "oklch(0.325 0.015 205)",
  "line-strong": "oklch(0.6 0.015 205)",
  ink: "oklch(0.945 0.006 205)",
  "ink-muted": "oklch(0.745 0.012 205)",
  accent: "oklch(0.78 0.09 205)",
  "accent-soft": "oklch(0.315 0.04 205)",
  "accent-ink": "oklch(0.19 0.03 205)",
  positive: "oklch(0.78 0.13 150)",
  "positive-soft": "oklch(0.29 0.04 150)",
  warning: "oklch(0.82 0.12 80)",
  "warning-soft": "oklch(0.3 0.045 75)",
  critical: "oklch(0.77 0.13 25)",
  "critical-soft": "oklch(0.29 0.06 25)",
  "critical-ink": "oklch(0.2 0.04 25)",
  focus: "oklch(0.75 0.13 250)",
};

// The colors that change when the system asks for more contrast: text at 7:1, edges that are easy to see.
const lightContrast = {
  line: "oklch(0.6 0.015 205)",
  "line-strong": "oklch(0.42 0.015 205)",
  ink: "oklch(0.15 0.015 205)",
  "ink-muted": "oklch(0.34 0.015 205)",
  accent: "oklch(0.37 0.07 205)",
  positive: "oklch(0.36 0.09 150)",
  warning: "oklch(0.37 0.08 70)",
  critical: "oklch(0.4 0.15 25)",
  focus: "oklch(0.42 0.19 260)",
};

const darkContrast = {
  line: "oklch(0.56 0.015 205)",
  "line-strong": "oklch(0.78 0.015 205)",
  ink: "oklch(0.99 0.003 205)",
  "ink-muted": "oklch(0.88 0.01 205)",
  accent: "oklch(0.88 0.07 205)",
  positive: "oklch(0.88 0.1 150)",
  warning: "oklch(0.9 0.09 80)",
  critical: "oklch(0.87 0.08 25)",
  focus: "oklch(0.85 0.1 250)",
};

// Everything that is not a color.
const measures = {
  "--text-small": "12px", // badges, times under a bubble
  "--text-dense": "13px", // lists, help
  "--text-base": "14px",
  "--text-read": "15px", // messages
  "--text-input": "14px", // 16px on touch screens: phones zoom in on smaller text
  "--control": "36px", // the minimum height of a control; 44px on touch screens
  "--radius-control": "6px",
  "--radius-card": "10px",
  "--radius-bubble": "16px",
  "--radius-joint": "4px", // the corner of a bubble next to its sender
  "--ring": "2px solid var(--focus)",
  "--quick": "140ms", // the duration of every animation
  "--floating": "0 8px 28px oklch(0.2 0.02 205 / 0.16)",
};

const variables = (colors) => Object.fromEntries(Object.entries(colors).map(([name, value]) => [`--${name}`, value]));

export const palettes = {
  light,
  dark,
  "light, more contrast": { ...light, ...lightContrast },
  "dark, more contrast": { ...dark, ...darkContrast },
};

export default {
  darkMode: "media",
  theme: {
    extend: {
      colors: Object.fromEntries(Object.keys(light).map((name) => [name, `var(--${name})`])),
      fontFamily: { sans: ["system-ui", "sans-serif"] },
      borderRadius: { control: "var(--radius-control)", card: "var(--radius-card)", bubble: "var(--radius-bubble)" },
    },
  },
  plugins: [
    ({ addBase }) =>
      addBase({
        ":root": { "color-scheme": "light dark", ...variables(light), ...measures },
        "@media (prefers-color-scheme: dark)": {
          ":root": { ...variables(dark), "--floating": "0 8px 28px oklch(0 0 0 / 0.5)" },
        },
        "@media (prefers-contrast: more)": { ":root": variables(lightContrast) },
        "@media (prefers-contrast: more) and (prefers-color-scheme: dark)": { ":root": variables(darkContrast) },
        "@media (pointer: coarse), (max-width: 767px)": { ":root": { "--control": "44px", "--text-input": "16px" } },
        "@media (prefers-reduced-motion: reduce)": { ":root": { "--quick": "0ms" } },
      }),
  ],
};
