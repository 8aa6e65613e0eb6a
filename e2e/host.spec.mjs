// The widget on other people's pages.
import {
  answer,
  embedToken,
  expect,
  logIn,
  openThread,
  people,
  received,
  say,
  sent,
  test,
  violations,
} from "./journey.mjs";
import { start } from "./parley.mjs";
import { site, withSnippet } from "./site.mjs";

const snippet = (url, token) => `<script src="${url}/chat-widget/embed.js" data-embed-token="${token}"></script>`;

test("the snippet works on another origin under a policy, async in the head, and twice", async ({
  newContext,
  baseURL,
}) => {
  const context = await newContext();
  const tag = snippet(baseURL, await embedToken(context));
  const host = await site(
    `<!doctype html><title>Host</title><head>${tag.replace("<script", "<script async")}</head>
      <body><h1>Host</h1>${tag}</body>`,
    `default-src 'none'; script-src ${baseURL}; frame-src ${baseURL}`,
  );
  const page = await context.newPage();
  await page.goto(host.url);
  await expect(page.locator("iframe")).toHaveCount(1);
  const frame = page.locator("iframe");
  expect(
    await frame.evaluate((f) => {
      const s = getComputedStyle(f);
      return [s.position, s.width, s.height, s.bottom, s.right];
    }),
  ).toEqual(["fixed", "380px", "560px", "0px", "0px"]);
  const widget = page.frameLocator("iframe");
  await say(widget, "From another site");
  await page.reload();
  await expect(sent(widget, "From another site")).toBeVisible();
  const key = `cw_sid_${await embedToken(context)}`;
  const kept = await page.evaluate((k) => localStorage.getItem(k), key);
  expect(kept).toBeTruthy();
});

test("the snippet works on a cross-origin isolated site", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const host = await site(withSnippet(snippet(baseURL, await embedToken(context))), "", {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
  });
  const page = await context.newPage();
  await page.goto(host.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  const widget = page.frameLocator("iframe");
  await say(widget, "From an isolated site");
  await expect(sent(widget, "From an isolated site")).toBeVisible();
});

test("a site's own iframe for a known user works as in the integration guide", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const token = await embedToken(context);
  const user = `user_${Date.now()}`;
  const host = await site(`<!doctype html><title>Host</title><body><script>
    var iframe = document.createElement('iframe');
    iframe.src = '${baseURL}/chat-widget' + '?embed_token=${token}' + '&session_id=' + encodeURIComponent('${user}')
      + '&customer_name=' + encodeURIComponent('Alice Smith') + '&title=Support+Chat';
    document.body.appendChild(iframe);
  </script></body>`);
  const page = await context.newPage();
  await page.goto(host.url);
  const widget = page.frameLocator("iframe");
  await expect(widget.getByRole("heading", { name: "Support Chat" })).toBeVisible();
  await say(widget, "It is me");
  // The same user in another browser.
  const other = await (await newContext()).newPage();
  await other.goto(host.url);
  await expect(sent(other.frameLocator("iframe"), "It is me")).toBeVisible();
  await expect(received(other.frameLocator("iframe"), "notified the team")).toBeVisible();
});

// visit opens a page of a site that includes the snippet.
async function visit({ newContext, baseURL }, { head = "", body = "", policy, options, lang = "" } = {}) {
  const context = await newContext(options);
  const token = await embedToken(context);
  const tag = snippet(baseURL, token).replace("<script", `<script ${lang}`);
  const host = await site(
    `<!doctype html><meta name="viewport" content="width=device-width"><title>Host</title><head>${head}</head>
    <body><h1>Host</h1>
     <button id="own">Ask us</button>${"<p>Text of the site.</p>".repeat(60)}${tag}${body}</body>`,
    policy,
  );
  const page = await context.newPage();
  await page.goto(host.url);
  return { page, host, token, context, widget: page.frameLocator("iframe"), frame: page.locator("iframe") };
}

const box = (frame) =>
  frame.evaluate((f) => {
    const { left, top, right, bottom } = f.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    return { width: right - left, height: bottom - top, right: clientWidth - right, bottom: clientHeight - bottom };
  });
const corner = { right: 0, bottom: 0 };
const large = { ...corner, width: 380, height: 560 };
const small = { ...corner, width: 84, height: 84 };

// listen records the events that window.Parley reports to the site.
const listen = (page) =>
  page.evaluate(() => {
    window.events = [];
    for (const event of ["ready", "open", "close", "unread", "message"])
      Parley.on(event, (detail) => window.events.push([event, detail]));
  });
const eventsOf = (page, event) =>
  page.evaluate((name) => window.events.filter(([one]) => one === name).map(([, detail]) => detail), event);

test("a minimized chat counts missed messages, and a reload keeps it minimized", async ({ newContext, baseURL }) => {
  const { page, widget, frame } = await visit({ newContext, baseURL });
  const agent = await (await newContext()).newPage();
  await logIn(agent, (await people(agent.context())).agent);
  await expect.poll(() => box(frame)).toEqual(large);
  await expect(widget.getByText("Hi, I am Pip.")).toBeVisible();
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true); // not taken
  await say(widget, "Before I go");
  await expect(received(widget, "notified the team")).toBeVisible();
  await widget.getByRole("button", { name: "Minimize" }).click();
  await expect.poll(() => box(frame)).toEqual(small);
  const bubble = widget.getByRole("button", { name: /^Open the chat/ });
  await expect(bubble).toBeFocused();
  expect(await violations(page.frames()[1])).toEqual([]);

  const externalID = await widget.locator("#parley").getAttribute("data-external-id");
  await openThread(agent, `Guest ${externalID.slice(-6)}`);
  await agent.getByRole("button", { name: "Claim" }).click();
  await answer(agent, "One");
  await answer(agent, "Two");
  await expect(widget.locator("#badge")).toHaveText("2");
  await expect(widget.getByRole("button", { name: "Open the chat, 2 unread messages" })).toBeVisible();
  await expect(agent.locator("#messages > [data-read]").filter({ hasText: "Two" })).toHaveCount(0);
  await page.reload();
  await expect.poll(() => box(frame)).toEqual(small);
  await expect(widget.locator("#badge")).toHaveText("2");
  await widget.getByRole("button", { name: /^Open the chat/ }).click();
  await expect.poll(() => box(frame)).toEqual(large);
  await expect(widget.getByLabel("Message", { exact: true })).toBeFocused();
  await expect(widget.locator("#messages .divider + .message")).toContainText("One");
  await expect(agent.locator("#messages > [data-read]").filter({ hasText: "Two" })).toBeVisible();
  await page.reload();
  await expect(received(widget, "Two")).toBeVisible();
  await expect(widget.locator(".divider")).toHaveCount(0); // read
});

test("opening moves the focus into the chat, and Escape returns it", async ({ newContext, baseURL }) => {
  const { page, widget, frame } = await visit({ newContext, baseURL });
  await widget.getByRole("button", { name: "Minimize" }).click();
  await expect.poll(() => box(frame)).toEqual(small);
  await page.evaluate(() => document.getElementById("own").addEventListener("click", () => Parley.toggle()));
  await page.locator("#own").focus();
  await page.keyboard.press("Enter");
  await expect(widget.getByLabel("Message", { exact: true })).toBeFocused();
  await page.keyboard.type("typed at once");
  await widget.getByRole("button", { name: "Options" }).click();
  await expect(widget.getByLabel("Sound")).toBeVisible();
  await page.keyboard.press("Escape"); // closes the menu
  await expect(widget.getByLabel("Sound")).toBeHidden();
  await expect.poll(() => box(frame)).toEqual(large);
  await page.keyboard.press("Escape"); // closes the chat
  await expect.poll(() => box(frame)).toEqual(small);
  await expect(page.locator("#own")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(widget.getByLabel("Message", { exact: true })).toHaveValue("typed at once");
});

// colorAt returns the visible color of one point of a page.
async function colorAt(page, x, y) {
  const image = (await page.screenshot({ clip: { x, y, width: 1, height: 1 } })).toString("base64");
  const blank = await page.context().newPage();
  const color = await blank.evaluate(async (source) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${source}`;
    await picture.decode();
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, image);
  await blank.close();
  return color;
}

for (const scheme of ["light", "dark"]) {
  test(`the site is visible around the bubble, ${scheme}`, async ({ newContext, baseURL }) => {
    const { page, widget, frame } = await visit({ newContext, baseURL }, { options: { colorScheme: scheme } });
    await page.evaluate(() => (document.body.style.background = "rgb(200, 30, 60)"));
    await widget.getByRole("button", { name: "Minimize" }).click();
    await expect.poll(() => box(frame)).toEqual(small);
    const { width, height } = page.viewportSize();
    await expect.poll(() => colorAt(page, width - 80, height - 80)).toEqual([200, 30, 60]);
    expect(await colorAt(page, width - 44, height - 60)).not.toEqual([200, 30, 60]);
  });
}

test("on a phone the bubble opens to the full screen, and the site does not scroll", async ({
  newContext,
  baseURL,
}) => {
  const options = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  const { page, widget, frame } = await visit({ newContext, baseURL }, { options });
  await expect.poll(() => box(frame)).toEqual(small);
  await page.evaluate(() => (document.documentElement.style.overflow = "scroll"));
  await widget.locator("#bubble").tap();
  await expect.poll(() => box(frame)).toEqual({ ...corner, width: 360, height: 640 });
  expect(await page.evaluate(() => document.documentElement.style.overflow)).toBe("hidden");
  await expect(widget.getByLabel("Message", { exact: true })).not.toBeFocused(); // or the keyboard would open
  await say(widget, "From my phone");
  // The keyboard opens: only the upper part of the page is visible.
  await page.evaluate(() => {
    Object.defineProperties(visualViewport, {
      height: { value: 340, configurable: true },
      offsetTop: { value: 20, configurable: true },
    });
    visualViewport.dispatchEvent(new Event("resize"));
  });
  await expect.poll(() => box(frame)).toMatchObject({ height: 340, bottom: 280 });
  await expect(widget.locator("#composer")).toBeInViewport({ ratio: 1 });
  await page.evaluate(() => {
    delete visualViewport.height;
    delete visualViewport.offsetTop;
    visualViewport.dispatchEvent(new Event("resize"));
  });
  await widget.getByRole("button", { name: "Minimize" }).tap();
  await expect.poll(() => box(frame)).toEqual(small);
  expect(await page.evaluate(() => document.documentElement.style.overflow)).toBe("scroll");
});

test("the chat survives a page that replaces its body or removes the frame", async ({ newContext, baseURL }) => {
  const { page, widget, frame } = await visit({ newContext, baseURL });
  await say(widget, "Before the next page");
  await widget.getByLabel("Message", { exact: true }).fill("half a sen");
  await page.evaluate(() => {
    const body = document.createElement("body");
    body.append(document.createElement("h1"));
    document.body.replaceWith(body);
    history.pushState(null, "", "/next");
    document.title = "Next";
  });
  await expect(widget.getByLabel("Message", { exact: true })).toHaveValue("half a sen");
  await expect(sent(widget, "Before the next page")).toBeVisible();
  await frame.evaluate((f) => {
    f.remove();
    dispatchEvent(new Event("resize")); // the loader tries to notify the frame, which is gone
  });
  await expect(frame).toHaveCount(1);
  await expect(sent(widget, "Before the next page")).toBeVisible();
  await page.evaluate((url) => {
    // a page that runs the snippet on every view
    const again = document.createElement("script");
    again.src = `${url}/chat-widget/embed.js`;
    again.dataset.embedToken = "ew_other";
    document.body.append(again);
    return new Promise((resolve) => (again.onload = resolve));
  }, baseURL);
  await expect(frame).toHaveCount(1);
});

test("a page that removes the frame again and again does not get it back all the time", async ({
  newContext,
  baseURL,
}) => {
  const context = await newContext();
  const page = await context.newPage();
  await page.clock.install();
  const host = await site(withSnippet(snippet(baseURL, await embedToken(context))));
  await page.goto(host.url);
  await expect(page.locator("iframe")).toHaveCount(1);
  await page.evaluate(() => {
    window.removed = 0;
    const remove = () => {
      const frame = document.querySelector("iframe");
      if (frame) window.removed++;
      frame?.remove();
    };
    new MutationObserver(remove).observe(document.documentElement, { childList: true });
    remove();
  });
  for (let i = 0; i < 120; i++) await page.clock.runFor(500);
  const removed = await page.evaluate(() => window.removed);
  expect(removed).toBeGreaterThan(3);
  expect(removed).toBeLessThan(10);
});

test("the loader can be inserted late and defines no global but window.Parley", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const host = await site(`<!doctype html><title>Host</title><body><h1>Host</h1></body>`);
  const page = await context.newPage();
  await page.goto(host.url);
  const names = await page.evaluate(() => Object.getOwnPropertyNames(window));
  await page.evaluate(
    ({ url, token }) => {
      const script = document.createElement("script");
      script.src = `${url}/chat-widget/embed.js`;
      script.dataset.embedToken = token;
      document.head.append(script);
    },
    { url: baseURL, token: await embedToken(context) },
  );
  await expect(page.frameLocator("iframe").getByText("Hi, I am Pip.")).toBeVisible();
  const added = await page.evaluate(
    (before) => Object.getOwnPropertyNames(window).filter((name) => !before.includes(name)),
    names,
  );
  expect(added.filter((name) => !/^\d+$/.test(name))).toEqual(["Parley"]);
});

test("window.Parley takes calls before it loads, reports events and switches the user", async ({
  newContext,
  baseURL,
}) => {
  const user = `user_${Date.now()}`;
  const head = `<script>window.early = [];
    (window.Parley = window.Parley || []).push(["on", "ready", () => early.push("ready")], ["close"], ["nonsense"]);
    </script>`;
  const { page, widget, frame, token } = await visit({ newContext, baseURL }, { head });
  await expect.poll(() => page.evaluate(() => window.early)).toEqual(["ready"]);
  await expect.poll(() => box(frame)).toEqual(small);
  const anonymous = await widget.locator("#parley").getAttribute("data-external-id");
  await listen(page);
  await page.evaluate(() => Parley.push(["toggle"]));
  await expect.poll(() => box(frame)).toEqual(large);
  await page.evaluate(() => Parley.close());
  await expect.poll(() => box(frame)).toEqual(small);
  await page.evaluate(() => {
    Parley.open();
    Parley.close();
    Parley.open();
  }); // before the frame can answer
  await expect.poll(() => box(frame)).toEqual(large);
  expect(await eventsOf(page, "open")).toHaveLength(3);
  expect(await eventsOf(page, "close")).toHaveLength(2);
  await say(widget, "Whoever I am");
  await expect(received(widget, "notified the team")).toBeVisible();
  await expect
    .poll(async () => (await eventsOf(page, "message")).map(({ sender_type }) => sender_type))
    .toEqual(["end_user", "bot"]);
  expect(JSON.stringify(await eventsOf(page, "message"))).not.toContain("notified the team");

  await page.evaluate((id) => Parley.identify({ session_id: id, customer_name: "Iris <b>Identified</b>" }), user);
  await expect(widget.locator("#parley")).toHaveAttribute("data-external-id", user);
  await expect(sent(widget, "Whoever I am")).toHaveCount(0);
  await say(widget, "Now it is me");
  await page.reload();
  await page.evaluate(() => Parley.open());
  await expect(sent(widget, "Now it is me")).toBeVisible();
  await expect(frame).toHaveAttribute("src", new RegExp(`session_id=${user}&customer_name=Iris`));

  await page.evaluate(() => Parley.logout());
  await expect(widget.getByText("Hi, I am Pip.")).toBeVisible();
  const fresh = await widget.locator("#parley").getAttribute("data-external-id");
  expect([anonymous, user]).not.toContain(fresh);
  expect(await page.evaluate((key) => localStorage.getItem(key), `cw_sid_${token}`)).toBe(fresh);
  await expect(sent(widget, "Now it is me")).toHaveCount(0);

  const off = await page
    .evaluate(() => {
      window.count = 0;
      const stop = Parley.on("close", () => window.count++);
      stop();
      Parley.on("close", () => {
        throw new Error("a site's own mistake");
      });
      return typeof stop;
    })
    .catch(String);
  expect(off).toBe("function");
});

test.describe("a session_id that is not filled in", () => {
  test.use({ mayLog: /session_id/ });

  // errorsOf collects what the site's console shows, without that of the frame.
  const errorsOf = (page) => {
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    return errors;
  };

  test("opens no chat, logs it in the site's console, and keeps end users apart", async ({ newContext, baseURL }) => {
    const { page, widget, frame } = await visit({ newContext, baseURL });
    await say(widget, "Only mine");
    const opened = [];
    page.on("request", (request) => request.url().includes("/chat-widget?") && opened.push(request.url()));
    const errors = errorsOf(page);
    for (const id of ["undefined", "user_undefined", "{{user.id}}", "user_${id}", "user_", {}]) {
      await page.evaluate((session_id) => Parley.identify({ session_id }), id);
      await expect(frame).toBeHidden();
      expect(errors.splice(0)).toEqual([`Parley: session_id "${id}" is not filled in.`]);
    }
    await page.evaluate(() => Parley.open());
    await expect(frame).toHaveAttribute("src", /^about:blank/);
    expect(opened).toEqual([]);

    // A user with a valid id gets a conversation. Without a name, the end user gets their own from before.
    await page.evaluate(() => Parley.identify({ session_id: `user_42_${Date.now()}` }));
    await expect(widget.getByText("Hi, I am Pip.")).toBeVisible();
    await expect(sent(widget, "Only mine")).toHaveCount(0);
    await page.evaluate(() => Parley.identify({ session_id: "null" }));
    await expect(frame).toBeHidden();
    await page.reload();
    await expect(sent(widget, "Only mine")).toBeVisible();
    expect(errors).toHaveLength(1);
  });

  test("opens no chat if it was passed before the loader ran, or stored by an earlier one", async ({
    newContext,
    baseURL,
  }) => {
    const head = `<script>(window.Parley = window.Parley || []).push(["identify", { session_id: "user_NaN" }]);</script>`;
    const options = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
    const { page, token, context, host } = await visit({ newContext, baseURL }, { head, options });
    await expect(page.locator("iframe")).toHaveAttribute("src", /^about:blank/);
    await expect(page.locator("iframe")).toBeHidden();

    host.page = host.page.replace(head, "");
    await page.evaluate(
      (key) => localStorage.setItem(key, JSON.stringify({ session_id: "undefined" })),
      `cw_user_${token}`,
    );
    const again = await context.newPage();
    const errors = errorsOf(again);
    await again.goto(host.url);
    await expect(again.locator("iframe")).toBeHidden();
    expect(errors).toEqual(['Parley: session_id "undefined" is not filled in.']);
  });

  test("gives a phone's site its scrolling back", async ({ newContext, baseURL }) => {
    const options = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
    const { page, widget, frame } = await visit({ newContext, baseURL }, { options });
    await widget.locator("#bubble").tap();
    await expect(widget.locator("#composer")).toBeVisible();
    const overflow = () => page.evaluate(() => document.documentElement.style.overflow);
    await expect.poll(overflow).toBe("hidden");
    await page.evaluate(() => Parley.identify({ session_id: "undefined" }));
    await expect(frame).toBeHidden();
    expect(await overflow()).toBe("");
  });
});

// Without a loader the frame logs it in its own console.
test.describe("a chat that the server refuses", () => {
  test.use({ mayLog: /./ });

  test("logs the reason in the console", async ({ newContext, baseURL }) => {
    const page = await (await newContext()).newPage();
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    for (const query of ["embed_token=ew_unknown", `embed_token=${await embedToken(page.context())}&session_id=a%01`]) {
      errors.length = 0;
      await page.goto(`${baseURL}/chat-widget?${query}`);
      const shown = await page.locator("#problem").textContent();
      await expect.poll(() => errors).toContain(`Parley: ${shown}`);
      expect(shown).toMatch(query.includes("session_id") ? /session_id/ : /embed token/);
    }
  });
});

test("the loader and the chat ignore messages from other frames", async ({ newContext, baseURL }) => {
  const { page, widget, token } = await visit({ newContext, baseURL });
  await say(widget, "Only the loader speaks");
  await listen(page);
  // Messages to the loader, from the page itself and from another frame, as if they were ours.
  await page.evaluate((origin) => {
    for (const type of ["close", "unread", "message", "ready"]) {
      postMessage({ parley: 1, type, count: 7 }, "*");
      dispatchEvent(new MessageEvent("message", { data: { parley: 1, type, count: 7 }, origin, source: window }));
    }
  }, baseURL);
  const stranger = await site(`<!doctype html><title>Stranger</title><script>
    for (const type of ["close", "hello", "layout"])
      for (const frame of [parent, ...Array.from({ length: parent.length }, (_, i) => parent[i])])
        frame.postMessage({ parley: 1, type, open: false }, "*");
    document.title = "done";
  </script>`);
  await page.evaluate((url) => {
    const other = document.createElement("iframe");
    other.id = "stranger";
    other.src = url;
    document.body.append(other);
    return new Promise((resolve) => (other.onload = resolve));
  }, stranger.url);
  expect(await box(page.locator("iframe[title=Chat]"))).toEqual(large);
  expect(
    await page.evaluate(() =>
      window.events.filter(
        ([event, detail]) => event === "close" || detail === 7 || (event === "message" && !detail.id),
      ),
    ),
  ).toEqual([]);
  await expect(page.frameLocator("iframe[title=Chat]").locator(".chat")).toBeVisible();
  // A page that frames the chat without the loader receives nothing, even if it asks.
  const curious = await site(`<!doctype html><title>Curious</title>
    <iframe src="${baseURL}/chat-widget?embed_token=${token}&session_id=c"></iframe><script>
    window.got = []; addEventListener("message", ({ data }) => got.push(data));
  </script>`);
  const other = await page.context().newPage();
  await other.goto(curious.url);
  await say(other.frameLocator("iframe"), "Alone");
  await expect(other.frameLocator("iframe").getByRole("button", { name: "Minimize" })).toHaveCount(0);
  expect(await other.evaluate(() => window.got)).toEqual([]);
});

test("data-lang sets the language of the chat", async ({ newContext, baseURL }) => {
  const { frame, widget } = await visit({ newContext, baseURL }, { lang: 'data-lang="ar"' });
  await expect(widget.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(frame).toHaveAttribute("title", "محادثة");
});

test.describe("an allow-list", () => {
  test.use({ mayLog: /frame-ancestors|403|not allowed to show the chat/ });
  test("lets the listed site embed the chat, and no other", async ({ newContext }) => {
    const parley = await start();
    await parley.stop();
    const mine = await site();
    const token = parley.addEmbedToken(mine.url);
    await parley.restart();
    mine.page = `<!doctype html><title>Mine</title><body>${snippet(parley.url, token)}</body>`;
    const page = await (await newContext()).newPage();
    await page.goto(mine.url);
    await say(page.frameLocator("iframe"), "From the listed site");

    for (const policy of ["same-origin", "no-referrer"]) {
      // With a Referer the server refuses the frame; without one the browser does.
      const foreign = await site(
        `<!doctype html><meta name="referrer" content="${policy === "same-origin" ? "unsafe-url" : policy}">
        <title>Foreign</title><body>${snippet(parley.url, token)}</body>`,
      );
      const stranger = await (await newContext()).newPage();
      await stranger.goto(foreign.url);
      const frame = await (await stranger.waitForSelector("iframe", { state: "attached" })).contentFrame();
      await frame.waitForLoadState();
      await expect(stranger.frameLocator("iframe").locator("#composer")).toHaveCount(0);
      await expect(stranger.locator("iframe")).toBeHidden(); // visitors of the site need not see why
      await stranger.context().close();
    }
    await page.context().close();
    await parley.remove();
  });
});
