// Opens the dossier and the pages of `serve --ui` in a headless Chromium, as a person would: light and dark, narrow and
// wide, with the keyboard alone, without scripts, on paper. Exits 1 with what is wrong, 75 where no browser starts.
//
//   node browser.mjs BINARY [SHOTS]      playwright-core and axe-core must resolve from NODE_TOOLS (a directory
//                                        with node_modules) or from here; CHROMIUM names the browser, if it is not on PATH.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const binary = resolve(process.argv[2] ?? "target/debug/platform-integration");
const shots = process.argv[3] && resolve(process.argv[3]);
const tools = createRequire(join(resolve(process.env.NODE_TOOLS ?? "."), "package.json"));
const { chromium } = tools("playwright-core");
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");
const executablePath = process.env.CHROMIUM
  ?? ["chromium", "chromium-browser", "google-chrome"].flatMap((n) => (process.env.PATH ?? "").split(":").map((d) => join(d, n))).find(existsSync);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] }).catch((e) => {
  console.error(`no browser starts here: ${e}`);
  process.exit(75);
});

const wrong = [];
let checks = 0;
const check = (holds, what) => { checks += 1; if (!holds) { wrong.push(what); console.error(`wrong: ${what}`); } };
if (shots) mkdirSync(shots, { recursive: true });

// A session worth looking at: the demo, with its dossier.
const dir = mkdtempSync(join(tmpdir(), "browser-"));
const store = ["--store", join(dir, "evidence.db")];
const call = (...args) => execFileSync(binary, [...args, ...store], { cwd: dir, encoding: "utf8" });
const demo = JSON.parse(call("demo", "--schedules", "3", "--format", "json"));
const session = demo.session;
call("export", "--session", session, "--out", join(dir, "dossier"));
const other = JSON.parse(call("open", "second-look", "--goal", "another <b>session</b>", "--anyway", "--format", "json")).session;
const dossier = pathToFileURL(join(dir, "dossier", "dossier.html")).href;

const server = spawn(binary, ["serve", "--ui", "--listen", "127.0.0.1:0", ...store], { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
const ended = new Promise((done) => server.on("exit", (code) => done(code)));
const base = await new Promise((done, fail) => {
  let log = "";
  server.stderr.on("data", (chunk) => {
    log += chunk;
    const found = log.match(/showing the evidence at (\S+)\//);
    if (found) done(found[1]);
  });
  server.on("exit", () => fail(new Error(`the server does not serve: ${log}`)));
});

try {
  const open = async (url, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const from = new URL(url).origin;
    page.on("console", (m) => { if (["error", "warning"].includes(m.type())) check(false, `${url}: console: ${m.text()}`); });
    page.on("pageerror", (e) => check(false, `${url}: ${e}`));
    page.on("requestfailed", (r) => check(false, `${url}: request failed: ${r.url()}`));
    page.on("request", (r) => check(/^(data|file):/.test(r.url()) || new URL(r.url()).origin === from, `${url}: asks ${r.url()}`));
    const answer = await page.goto(url);
    check(url.startsWith("file:") || answer.status() === 200, `${url}: status ${answer.status()}`);
    return page;
  };
  const audit = async (page, name) => {
    // With scripts that a content security policy forbids to a page, but not to who looks at it.
    const found = await page.evaluate(async (source) => { (0, eval)(source); return await window.axe.run(document, { resultTypes: ["violations"] }); }, axe)
      .catch(async () => { const session = await page.context().newCDPSession(page); const r = await session.send("Runtime.evaluate", { expression: `${axe}; axe.run(document, { resultTypes: ["violations"] })`, awaitPromise: true, returnByValue: true }); return r.result.value; });
    for (const v of found.violations) check(false, `${name}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
    check(found.violations.length === 0, `${name}: axe`);
  };
  const fits = async (page, name) => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(over <= 0, `${name}: wider than the window by ${over} px`);
  };
  const keyboard = async (page, name) => {
    const want = await page.evaluate(() => [...document.querySelectorAll("a[href], summary, [tabindex='0'], input, select, button")].filter((e) => e.checkVisibility()).length);
    const seen = await page.evaluate(() => { window.reached = new Set(); return 0; });
    check(seen === 0, name);
    let invisible = 0;
    for (let i = 0; i < want + 5; i += 1) {
      await page.keyboard.press("Tab");
      const state = await page.evaluate(() => {
        const e = document.activeElement;
        if (!e || e === document.body) return null;
        window.reached.add(e);
        const s = getComputedStyle(e);
        return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
      });
      if (state === false) invisible += 1;
    }
    const reached = await page.evaluate(() => window.reached.size);
    check(reached >= want, `${name}: Tab reaches ${reached} of ${want}`);
    check(invisible === 0, `${name}: ${invisible} focused elements show no outline`);
  };
  const pages = { dossier, sessions: `${base}/`, session: `${base}/sessions/${session}`, records: `${base}/records`, searched: `${base}/records?text=drill&outcome=ok`, record: `${base}/records/1`, compare: `${base}/compare?left=${session}&right=${other}`, bare: `${base}/sessions/${other}` };
  for (const [name, url] of Object.entries(pages)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(url, { colorScheme });
      await audit(page, `${name}, ${colorScheme}`);
      await fits(page, `${name}, ${colorScheme}`);
      if (shots) await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`), fullPage: ["dossier", "session"].includes(name) && colorScheme === "light" });
      await page.context().close();
    }
    for (const width of [360, 1600]) {
      const page = await open(url, { viewport: { width, height: 900 }, javaScriptEnabled: true, reducedMotion: "reduce" });
      await fits(page, `${name}, ${width} px`);
      if (shots) await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: name === "dossier" && width === 360 });
      await page.context().close();
    }
    const page = await open(url);
    await keyboard(page, name);
    const pdf = await page.pdf({ format: "A4", ...(shots ? { path: join(shots, `${name}.pdf`) } : {}) });
    check(pdf.length > 10_000, `${name}: prints`);
    await page.context().close();
  }
  // Without scripts everything is there, and every link of the site leads to a page.
  const plain = await open(`${base}/sessions/${session}`, { javaScriptEnabled: false });
  check((await plain.textContent("h1")).trim() === "billing-to-crm", "without scripts: the session");
  const links = new Set(await plain.locator("a[href^='/']").evaluateAll((all) => all.map((a) => a.getAttribute("href"))));
  check(links.size > 10, `links of a session: ${links.size}`);
  for (const link of links) check((await plain.request.get(base + link)).status() === 200, `${link} leads nowhere`);
  await plain.context().close();
  // What the pages refuse.
  const request = (await browser.newContext()).request;
  for (const [path, status] of [["/nowhere", 404], ["/records/999999", 404], ["/records?kind=nothing", 400], ["/sessions/s-none", 404], ["/records?before=x", 400]]) {
    const answer = await request.get(base + path);
    check(answer.status() === status && (await answer.text()).includes("What gets further"), `${path}: ${answer.status()}`);
  }
  check((await request.post(`${base}/`)).status() === 405, "POST");
  const headers = (await request.get(`${base}/`)).headers();
  check(headers["content-security-policy"]?.includes("default-src 'none'") && headers["x-content-type-options"] === "nosniff", "headers");
} finally {
  await browser.close();
  server.kill("SIGINT");
  const code = await Promise.race([ended, new Promise((done) => setTimeout(done, 5000, "does not end"))]);
  check(code === 0, `Ctrl-C: ${code}`);
  rmSync(dir, { recursive: true, force: true });
}
console.log(`${checks} checks, ${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);
