// Draws deploy/grafana/sluicegate.json into a picture, with the numbers of a Prometheus:
//   node docs/dashboard/draw.mjs docs/images/dashboard.png [http://127.0.0.1:9090 [minutes]]
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { build } from "esbuild";

const [picture, prometheus = "http://127.0.0.1:9090", minutes = "30"] = process.argv.slice(2);
const here = (path) => new URL(path, import.meta.url);
const WIDTH = 1920, GAP = 8, CELL = 30, HEAD = 48, SCRAPE_S = 5, POINTS = 400;
const board = JSON.parse(await readFile(here("../../deploy/grafana/sluicegate.json")));
const to = Math.floor(Date.now() / 1000), from = to - minutes * 60;
const step = Math.max(SCRAPE_S, Math.ceil((minutes * 60) / POINTS / SCRAPE_S) * SCRAPE_S);

// As Grafana does: the window of a rate is four scrapes, or a step and a scrape, whichever is longer.
const window_s = Math.max(step + SCRAPE_S, 4 * SCRAPE_S);

async function asked(target, seconds = step) {
  const expr = target.expr.replaceAll("$__rate_interval", `${window_s}s`);
  const given = target.instant ? { query: expr, time: to } : { query: expr, start: from, end: to, step: seconds };
  const path = target.instant ? "query" : "query_range";
  const answer = await (await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams(given)}`)).json();
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
  const series = answer.data.result.map((one) => ({ labels: one.metric, values: one.values ?? [one.value] }));
  return { target, series };
}

async function markedBy(annotation) {
  const { series } = await asked(annotation.target, 10);
  const times = series.flatMap(({ values }) => values.map(([at]) => at)).sort();
  return times.filter((at, n) => n === 0 || at - times[n - 1] > 60).map((at) => ({ at, colour: annotation.iconColor }));
}

const results = {};
for (const panel of board.panels) results[panel.id] = await Promise.all(panel.targets.map((one) => asked(one)));
const marks = (await Promise.all(board.annotations.list.map(markedBy))).flat();

const { outputFiles } = await build({
  entryPoints: [here("board.jsx").pathname], bundle: true, write: false, outdir: "/", format: "iife",
  jsx: "automatic", logLevel: "error", minify: true,
  define: { "process.env.NODE_ENV": '"production"', global: "window" },
  loader: { ".woff2": "dataurl", ".woff": "empty", ".ttf": "empty", ".svg": "dataurl" },
});
const [script, style] = [".js", ".css"].map((end) => outputFiles.find(({ path }) => path.endsWith(end)).text);
const dark = `
  body { margin: 0; background: #111217; color: #ccccdc; font: 14px Inter, sans-serif }
  header { height: ${HEAD}px; padding: 0 ${2 * GAP}px; display: flex; align-items: center; gap: 28px }
  header h1 { font-size: 18px; font-weight: 500; margin: 0 } header .right { margin-left: auto }
  main { position: relative; margin: 0 ${GAP}px } a { color: inherit }
  .empty { height: 100%; display: flex; align-items: center; justify-content: center; opacity: .65 }`;
const drawn = JSON.stringify({ board, results, marks, from: from * 1000, to: to * 1000 }).replaceAll("<", "\\u003c");
const page = `<!doctype html><meta charset="utf-8"><style>${style}${dark}</style><div id="board"></div>
  <script>window.__grafana_public_path__ = "/"; window.__drawn__ = ${drawn}</script><script src="/board.js"></script>`;

const icons = here("node_modules/@grafana/ui/dist/public/img/icons/");
const server = createServer(async (request, response) => {
  if (request.url === "/") return response.setHeader("Content-Type", "text/html").end(page);
  if (request.url === "/board.js") return response.setHeader("Content-Type", "text/javascript").end(script);
  const icon = /^\/build\/img\/icons\/(\w+\/[\w-]+\.svg)$/.exec(request.url);
  const found = icon && (await readFile(new URL(icon[1], icons)).catch(() => null));
  response.writeHead(found ? 200 : 404, { "Content-Type": "image/svg+xml" }).end(found);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const rows = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
await promisify(execFile)(process.env.CHROMIUM ?? "chromium", [
  "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--virtual-time-budget=15000",
  `--window-size=${WIDTH},${HEAD + rows * (CELL + GAP)}`, `--screenshot=${picture}`,
  `http://127.0.0.1:${server.address().port}/`,
], { timeout: 60_000 });
server.close();
