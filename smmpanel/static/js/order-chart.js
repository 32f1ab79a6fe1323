// The chart of an order: units delivered over time beside the planned band. Redrawn when the page brings new numbers.
(() => {
  "use strict";

  let plot = null;
  let drawn = "";

  // uPlot paints on a canvas, which knows no CSS variables: the colours are read from elements that use them.
  const ink = (name) => {
    const probe = document.createElement("span");
    probe.className = `ink-${name}`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };

  const axis = (extra) => ({
    stroke: ink("text"),
    grid: { stroke: ink("line"), width: 1 },
    ticks: { stroke: ink("line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...extra,
  });

  // Times in the customer's zone, as everywhere on the page; the day only where the span is longer than one.
  const timesIn = (zone) => (plot, ticks) => {
    const days = plot.scales.x.max - plot.scales.x.min > 86400;
    const day = days ? { day: "numeric", month: "short" } : {};
    const seconds = plot.scales.x.max - plot.scales.x.min < 240 ? { second: "2-digit" } : {};
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", ...seconds, ...day });
    return ticks.map((tick) => format.format(new Date(tick * 1000)));
  };

  const options = (box, units, zone) => ({
    width: box.clientWidth,
    height: 240,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: [0, units * 1.04] } },
    axes: [axis({ space: 90, values: timesIn(zone) }), axis({ size: 64, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) })],
    series: [
      {},
      { stroke: ink("plan"), width: 1, points: { show: false } },
      { stroke: ink("plan"), width: 1, points: { show: false } },
      { stroke: ink("delivered"), width: 2.5, spanGaps: true, points: { show: false } },
    ],
    bands: [{ series: [1, 2], fill: ink("band") }],
  });

  const draw = (force) => {
    const box = document.getElementById("chart");
    const source = document.getElementById("chart-data");
    if (!box || !source || typeof uPlot === "undefined") return;
    if (!force && source.textContent === drawn && plot) return;
    drawn = source.textContent;
    const { units, zone, at, delivered, least, most } = JSON.parse(drawn);
    plot?.destroy();
    plot = new uPlot(options(box, units, zone), [at, most, least, delivered], box);
  };

  document.addEventListener("DOMContentLoaded", () => {
    draw(true);
    const box = document.getElementById("chart");
    if (box) new ResizeObserver(() => { if (plot && box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: 240 }); }).observe(box);
  });
  document.addEventListener("htmx:afterSwap", () => draw(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(true));
})();
