// Tests in Chromium against the program itself, which this builds and starts with its demo.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";
import { binary, freePort } from "./parley.mjs";

// Every worker reads this file again, so what is decided once is kept in the environment.
binary();
process.env.PARLEY_PORT ||= String(await freePort());
if (!process.env.PARLEY_DATA) {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-e2e-"));
  process.env.PARLEY_DATA = dataDir;
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
}
const url = `http://127.0.0.1:${process.env.PARLEY_PORT}`;

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  outputDir: fileURLToPath(new URL("../test-results", import.meta.url)),
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: "list",
  use: {
    baseURL: url,
    trace: process.env.TRACE ? "retain-on-failure" : "off", // it slows down every test
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: {
    command: `${process.env.PARLEY_BINARY} serve --demo`,
    url: `${url}/readyz`,
    env: {
      ADDR: `127.0.0.1:${process.env.PARLEY_PORT}`,
      DATA_DIR: process.env.PARLEY_DATA,
      PASSWORD_COST: "64,1",
      LOG_LEVEL: "warn",
    },
    gracefulShutdown: { signal: "SIGTERM", timeout: 25_000 },
  },
});
