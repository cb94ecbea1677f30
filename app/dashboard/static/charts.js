// Draw the tables of <figure data-chart> with uPlot; who sees no picture has the table.
(() => {
  "use strict";
  const HEIGHT = 220;
  const cells = (row) => [...row.cells].slice(1);
  const read = (text) => (text === "" ? null : Number(text));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function figures(figure) {
    const [head, ...body] = figure.querySelectorAll("tr");
    return {
      along: head.cells[0].textContent.trim(),
      names: cells(head).map((cell) => cell.textContent.trim()),
      labels: body.map((row) => row.cells[0].textContent.trim()),
      columns: cells(head).map((_, at) => body.map((row) => read(cells(row)[at].dataset.value))),
    };
  }

  // What a page's charts are fed from is asked for once; where it does not come, tables do.
  const answers = new Map();
  async function asked(address) {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }
  async function found(figure) {
    const address = figure.dataset.source;
    if (!address) return figures(figure);
    if (!answers.has(address)) answers.set(address, asked(address));
    const given = await answers.get(address);
    const chart = given?.charts.find((one) => one.id === figure.getAttribute("aria-labelledby"));
    if (!chart) return figures(figure);
    const [along, ...names] = chart.columns;
    const columns = names.map((_, at) => chart.rows.map((row) => row[at + 1]));
    return { along, names, labels: chart.rows.map((row) => row[0]), columns };
  }

  function seriesOf(name, at, kind, count) {
    const shade = colour(`--series-${(at % 5) + 1}`);
    if (kind === "lines") return { label: name, stroke: shade, width: 2, points: { size: 5 } };
    const width = 0.7 / count; // of the room that one row has; series stand side by side
    const left = (u) => u.data[0].map((x) => x - 0.35 + at * width);
    const paths = uPlot.paths.bars({
      disp: { x0: { unit: 1, values: left }, size: { unit: 1, values: () => [width] } },
    });
    return { label: name, stroke: shade, fill: shade, width: 0, paths, points: { show: false } };
  }

  function options(figure, { along, names, labels }) {
    const kind = figure.dataset.chart;
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const named = (_, at) => at.map((x) => (Number.isInteger(x) ? labels[x] ?? "" : ""));
    const unit = figure.dataset.unit;
    const said = (y) => (unit === "%" ? document.body.dataset.percent.replace("{n}", y) : `${y}${unit && `\u00a0${unit}`}`);
    return {
      width: figure.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_u, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, values: named, incrs: [1, 2, 4, 6, 12, 24, 48] },
        { ...axis, size: 56, values: (_, at) => at.map(said) },
      ],
      series: [
        { label: along, value: (_, x) => (x === null ? "–" : labels[x] ?? "") },
        ...names.map((name, at) => seriesOf(name, at, kind, names.length)),
      ],
      legend: { live: true },
      cursor: { drag: { x: false, y: false } },
    };
  }

  async function draw(figure) {
    const given = await found(figure);
    const plot = figure.querySelector(".plot");
    if (!given.labels.length) return;
    plot.replaceChildren();
    const at = given.labels.map((_, index) => index);
    figure.plot = new uPlot(options(figure, given), [at, ...given.columns], plot);
  }

  const every = [...document.querySelectorAll("figure[data-chart]")];
  for (const figure of every) {
    draw(figure);
    figure.querySelector("details").open = false;
    new ResizeObserver(() => figure.plot?.setSize({ width: figure.clientWidth, height: HEIGHT })).observe(figure);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => every.forEach(draw));
})();
