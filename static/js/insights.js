// The pages of figures: draws charts from the JSON beside them, and says when htmx failed.
// The numbers are in the tables too; without a script only the drawings are missing.
(function () {
  "use strict";

  const drawn = new Map(); // the place of a chart -> the chart
  const COUNT = new Intl.NumberFormat("en-US");
  const POINTS = ["circle", "rectRot", "triangle", "rect", "star", "crossRot", "circle"];
  const LABEL_PIXELS = 62;
  const FEW_POINTS = 45; // with more, a dot at each would hide the line

  function share(value) {
    const percent = 100 * value;
    return `${percent.toFixed(percent !== 0 && Math.abs(percent) < 1 ? 2 : 1)} %`;
  }

  // All numbers of an axis have the same decimals, as many as tell them apart.
  function tick(value, _index, ticks) {
    const step = ticks.length > 1 ? 100 * Math.abs(ticks[1].value - ticks[0].value) : 1;
    const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
    return `${(100 * value).toFixed(decimals)} %`;
  }

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const pick = (name) => style.getPropertyValue(name).trim();
    const dark = document.documentElement.classList.contains("dark");
    return {
      grid: dark ? "rgba(255, 255, 255, 0.09)" : "rgba(0, 0, 0, 0.07)",
      text: dark ? "#a3adbb" : "#5d6673",
      strong: dark ? "#f1f3f6" : "#1c2430",
      surface: dark ? "#1d2530" : "#ffffff",
      line: dark ? "#3a4554" : "#d6dbe1",
      font: pick("--font-sans") || "Inter, sans-serif",
    };
  }

  // A dashed line where a campaign started.
  const marks = {
    id: "marks",
    afterDatasetsDraw(chart, _args, options) {
      const { ctx, chartArea, scales } = chart;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = options.colour;
      ctx.globalAlpha = 0.7;
      for (const index of new Set(options.at)) {
        const x = Math.round(scales.x.getPixelForValue(index)) + 0.5;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.moveTo(x - 4, chartArea.top - 7);
        ctx.lineTo(x + 4, chartArea.top - 7);
        ctx.lineTo(x, chartArea.top);
        ctx.fill();
      }
      ctx.restore();
    },
  };

  // No line leads to such a point: it would not be seen at all.
  function standsAlone(values, index) {
    const nothing = (value) => value === null || value === undefined;
    return nothing(values[index - 1]) && nothing(values[index + 1]);
  }

  // As many labels as there is room for, out of those that say something.
  function thinOut(axis) {
    const said = axis.getLabels().flatMap((label, index) => (label ? [index] : []));
    const each = Math.max(1, Math.ceil((said.length * LABEL_PIXELS) / (axis.chart.width || 1)));
    axis.ticks = said.filter((_index, place) => place % each === 0).map((value) => ({ value }));
  }

  function dataset(one, number, data, look) {
    const common = { label: one.name, data: one.values };
    if (data.kind === "bars") {
      return {
        ...common,
        backgroundColor: one.colour,
        stack: one.stack,
        borderColor: look.surface,
        borderWidth: { top: data.labels.length > FEW_POINTS ? 0 : 1, bottom: 0, left: 0, right: 0 },
        barPercentage: 0.9,
        categoryPercentage: data.labels.length > FEW_POINTS ? 1 : 0.8,
        maxBarThickness: 36,
      };
    }
    return {
      ...common,
      borderColor: one.colour,
      backgroundColor: one.colour,
      borderWidth: 2,
      pointStyle: POINTS[number],
      pointRadius: (at) => (data.labels.length <= FEW_POINTS || standsAlone(one.values, at.dataIndex) ? 3 : 0),
      pointHoverRadius: 5,
      tension: 0,
      spanGaps: false,
    };
  }

  function options(data, look) {
    const write = data.unit === "share" ? share : (value) => COUNT.format(value);
    return {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 8 } },
      scales: {
        x: {
          stacked: data.kind === "bars",
          grid: { display: false },
          border: { color: look.line },
          afterBuildTicks: thinOut,
          ticks: { color: look.text, maxRotation: 0, autoSkip: false },
        },
        y: {
          stacked: data.kind === "bars",
          beginAtZero: true,
          grid: { color: look.grid },
          border: { display: false },
          ticks: { color: look.text, maxTicksLimit: 6, precision: data.unit === "count" ? 0 : undefined, callback: data.unit === "share" ? tick : write },
        },
      },
      plugins: {
        legend: { display: false },
        marks: { at: data.marks.map((mark) => mark.index), colour: look.text },
        tooltip: {
          backgroundColor: look.surface,
          borderColor: look.line,
          borderWidth: 1,
          titleColor: look.strong,
          bodyColor: look.strong,
          footerColor: look.text,
          footerFont: { weight: "normal" },
          padding: 10,
          boxPadding: 4,
          usePointStyle: data.kind === "lines",
          filter: (item) => item.raw !== null && (data.unit === "share" || item.raw !== 0),
          callbacks: {
            title: (items) => (items.length ? data.titles[items[0].dataIndex] : ""),
            label: (item) => ` ${item.dataset.label}: ${write(item.raw)}`,
            footer: (items) =>
              data.marks
                .filter((mark) => items.length && mark.index === items[0].dataIndex)
                .map((mark) => `▼ ${mark.text}`),
          },
        },
      },
    };
  }

  function draw(place) {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.Chart) return;
    const data = JSON.parse(source.textContent);
    const look = colours();
    if (drawn.has(place)) drawn.get(place).destroy();
    window.Chart.defaults.font.family = look.font;
    const chart = new window.Chart(place.querySelector("canvas"), {
      type: data.kind === "bars" ? "bar" : "line",
      data: { labels: data.labels, datasets: data.series.map((one, n) => dataset(one, n, data, look)) },
      options: options(data, look),
      plugins: [marks],
    });
    place.closest(".mw-chart-card").querySelectorAll("[data-series]").forEach(function (button) {
      chart.setDatasetVisibility(Number(button.dataset.series), button.ariaPressed !== "false");
    });
    chart.update("none");
    drawn.set(place, chart);
  }

  function drawAll() {
    for (const [place, chart] of drawn) {
      if (place.isConnected) continue;
      chart.destroy();
      drawn.delete(place);
    }
    document.querySelectorAll("[data-chart]").forEach(draw);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest(".mw-chart-legend [data-series]");
    if (!button) return;
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    const place = button.closest(".mw-chart-card").querySelector("[data-chart]");
    const chart = drawn.get(place);
    chart.setDatasetVisibility(Number(button.dataset.series), button.ariaPressed === "true");
    chart.update("none");
  });

  // Days are typed piece by piece; they count once the button is pressed.
  document.addEventListener("change", function (event) {
    if (event.target.matches("#insights input[type=date]")) event.stopPropagation();
  }, true);

  function say(text) {
    const status = document.getElementById("insights-status");
    if (status) status.textContent = text;
  }

  function failed(reason) {
    return function (event) {
      if (event.detail.target && event.detail.target.id !== "insights") return;
      const note = document.getElementById("insights-error");
      const request = event.detail.pathInfo;
      note.querySelector("[data-reason]").textContent = reason(event.detail.xhr);
      note.querySelector("[data-again]").href = request ? request.finalRequestPath || request.requestPath : "";
      note.hidden = false;
      note.scrollIntoView({ block: "nearest" });
    };
  }

  function answered(xhr) {
    if (xhr.status === 403) return "You may not see them any more: your login or role has changed.";
    if (xhr.status === 404) return "They are not there any more.";
    return `The server answered with an error (${xhr.status}).`;
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.target.closest("#insights")) return;
    document.getElementById("insights").setAttribute("aria-busy", "true");
    say("Loading figures…");
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.closest || !document.getElementById("insights")) return;
    document.getElementById("insights").removeAttribute("aria-busy");
    if (event.detail.successful) {
      document.getElementById("insights-error").hidden = true;
      say("Figures are up to date.");
    }
  });
  // Whose login has ended comes back to the very same figures after a new one.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const { xhr, target, pathInfo } = event.detail;
    if (target.id !== "insights" || !new URL(xhr.responseURL).pathname.endsWith("/login/")) return;
    event.detail.shouldSwap = false;
    window.location.assign(pathInfo.finalRequestPath || pathInfo.requestPath);
  });
  document.addEventListener("htmx:responseError", failed(answered));
  document.addEventListener("htmx:sendError", failed(() => "The server cannot be reached."));
  document.addEventListener("htmx:timeout", failed(() => "The server took too long."));
  document.addEventListener("htmx:afterSwap", drawAll);
  document.addEventListener("htmx:historyRestore", drawAll);

  document.addEventListener("DOMContentLoaded", function () {
    drawAll();
    // Light and dark have colours of their own.
    new MutationObserver(drawAll).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["class"],
    });
  });
})();
