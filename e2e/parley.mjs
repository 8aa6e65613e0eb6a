// Starts Parley for tests, as its own process on a free port.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));

// binary builds the program once per run. Workers find its path in the environment.
export function binary() {
  if (!process.env.PARLEY_BINARY) {
    const path = join(tmpdir(), `parley-e2e-${process.pid}`);
    execFileSync("go", ["build", "-o", path, "./cmd/parley"], { cwd: root, stdio: "inherit" });
    process.env.PARLEY_BINARY = path;
    process.on("exit", () => rmSync(path, { force: true }));
  }
  return process.env.PARLEY_BINARY;
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// start runs `parley serve` with its own data directory, with a bot that answers or a silent one. It seeds the data, unless
// another node has, which seeded is from. stop ends it with SIGTERM; restart starts it again at the same address with the
// same data.
export async function start({ args = [], env = {}, silent = false, seeded } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-e2e-"));
  const settings = {
    PATH: process.env.PATH,
    ADDR: `127.0.0.1:${await freePort()}`,
    DATA_DIR: dataDir,
    PASSWORD_COST: "64,1",
    LOG_LEVEL: "warn",
    ...env,
  };
  const seed = ["seed", "--json", ...(silent ? ["--silent-bot"] : [])];
  const printed = async () => (await promisify(execFile)(binary(), seed, { env: settings })).stdout;
  const parley = { dataDir, seeded: seeded ?? JSON.parse((await printed()).trim().split("\n").at(-1)) };
  let running;

  parley.restart = async () => {
    running = spawn(binary(), ["serve", ...args], { env: settings, stdio: ["ignore", "pipe", "inherit"] });
    parley.url = await new Promise((resolve, reject) => {
      let out = "";
      running.stdout.on("data", (chunk) => {
        out += chunk;
        const at = out.match(/running at (\S+)/);
        if (at) resolve(at[1]);
      });
      running.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
    });
  };
  parley.stop = async () => {
    if (running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGTERM");
    parley.thaw(); // a test that failed may have left it frozen
    const code = await ended;
    if (code) throw new Error(`serve ended with ${code}`);
  };
  // freeze makes the server answer nothing more until thaw, while its connections stay open.
  parley.freeze = () => running.kill("SIGSTOP");
  parley.thaw = () => running.kill("SIGCONT");
  parley.remove = async () => {
    await parley.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  // addEmbedToken adds an embed token for one site and returns it. Call it while the server is stopped.
  parley.addEmbedToken = (origin) =>
    execFileSync("go", ["run", "e2e/embed_token.go", dataDir, origin], { cwd: root }).toString().trim();
  // fill adds conversations and messages. Call it while the server is stopped.
  parley.fill = (conversations, messages) =>
    execFileSync("go", ["run", "e2e/volume.go", dataDir, String(conversations), String(messages)], { cwd: root })
      .toString()
      .trim();

  await parley.restart();
  return parley;
}

// startEmpty runs `parley serve` without data. It prints the token that /setup asks for.
export async function startEmpty() {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-e2e-"));
  const env = {
    PATH: process.env.PATH,
    ADDR: `127.0.0.1:${await freePort()}`,
    DATA_DIR: dataDir,
    PASSWORD_COST: "64,1",
  };
  const server = spawn(binary(), ["serve"], { env, stdio: ["ignore", "pipe", "ignore"] });
  const setupToken = await new Promise((resolve, reject) => {
    let printed = "";
    server.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = printed.match(/Setup token: (\w+)\n/);
      if (found) resolve(found[1]);
    });
    server.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
  });
  return {
    url: `http://${env.ADDR}`,
    setupToken,
    async remove() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      const code = await ended;
      rmSync(dataDir, { recursive: true, force: true });
      if (code) throw new Error(`serve ended with ${code}`);
    },
  };
}

// open requests the widget page, as a WebView would, and returns the ids of its conversation and end user.
export async function open(url, embedToken, sessionID, name = "") {
  const query = new URLSearchParams({ embed_token: embedToken, session_id: sessionID, customer_name: name });
  const page = await fetch(`${url}/chat-widget?${query}`);
  const html = await page.text();
  return {
    conversation_id: html.match(/data-conversation-id="([^"]*)"/)[1],
    external_id: html.match(/data-external-id="([^"]*)"/)[1],
  };
}

// login logs in and returns the cookie and the CSRF token.
export async function login(url, { email, password }) {
  const page = await fetch(`${url}/auth/login`);
  const before = page.headers.get("set-cookie").split(";")[0];
  const token = (await page.text()).match(/name="csrf-token" content="([^"]+)"/)[1];
  const answer = await fetch(`${url}/auth/login`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: before },
    body: new URLSearchParams({ email, password, csrf_token: token }),
  });
  if (answer.status !== 303) throw new Error(`login answered ${answer.status}`);
  const cookie = answer.headers.get("set-cookie").split(";")[0];
  const inbox = await (await fetch(`${url}/inbox`, { headers: { cookie } })).text();
  return { cookie, csrf: inbox.match(/name="csrf-token" content="([^"]+)"/)[1] };
}
