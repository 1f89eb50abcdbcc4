'use strict';

// Draws charts that are given as data, with Chart.js: for reports, and for the page of 'octet live'.
//   chart:  {kind: 'lines' | 'points' | 'bars', x: axis, y: axis, series: [series]}
//   axis:   {title, low, high, whole, log, clock}; low and high are in its range; clock: seconds since 1970
//   series: {name, x: [], y: [], names: [], labels: [], joined}; names are shown at hover, labels beside the points; the
//           values of bars are x, and their names stand beside them
const octetCharts = (() => {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const schemes = {
    light: {text: '#414b60', back: '#ffffff', grid: '#e3e6ec', card: '#1c2330', cardText: '#ffffff', series: ['#0b62b8', '#c2410c', '#047857', '#a21caf', '#8a6100', '#475569']},
    dark: {text: '#aab4c8', back: '#14171d', grid: '#333a47', card: '#e7eaf0', cardText: '#14171d', series: ['#6cb2ff', '#ff9a5c', '#4cd3a0', '#f0a3f5', '#e5c04a', '#b3bfd3']},
  };
  const scheme = () => (dark.matches ? schemes.dark : schemes.light);
  const shapes = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot'];
  const rowHeight = 24, setHeight = 14;  // of a bar, and of each other one beside it, in pixels
  const fontFamily = 'system-ui, sans-serif';

  function format(value) {
    if (value === null) return '–';
    return String(Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4)));
  }
  // Hours and minutes, with seconds where they are not 0 or wanted.
  const clock = (seconds, exact) => new Date(seconds * 1000).toLocaleTimeString('en-GB', exact || seconds % 60 !== 0 ? undefined : {hour: '2-digit', minute: '2-digit'});
  const textOf = (axis, value) => (axis.clock ? clock(value, true) : `${axis.title}: ${format(value)}`);

  // At round times, as many as there is room for.
  function setClockTicks(scale) {
    const room = Math.max(2, Math.floor(scale.chart.width / 90));
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900].find((s) => (scale.max - scale.min) / s <= room) || 1800;
    scale.ticks = [];
    for (let value = Math.ceil(scale.min / step) * step; value <= scale.max; value += step) scale.ticks.push({value});
  }

  function scaleOf(axis) {
    const colours = scheme();
    const scale = {
      type: axis.log ? 'logarithmic' : 'linear',
      title: {display: Boolean(axis.title) && !axis.clock, text: axis.title, color: colours.text},
      suggestedMin: axis.low,
      suggestedMax: axis.high,
      grid: {color: colours.grid, borderColor: colours.grid},
      ticks: {color: colours.text, maxRotation: 0, autoSkipPadding: 10},
    };
    if (!axis.log) {
      scale.ticks.maxTicksLimit = 8;
      scale.ticks.callback = (value) => format(value);
    }
    if (axis.whole) scale.ticks.precision = 0;
    if (axis.clock) {
      scale.bounds = 'data';
      scale.afterBuildTicks = setClockTicks;
      scale.ticks.callback = (value) => clock(value, false);
    }
    return scale;
  }

  // The names of bars, on their axis.
  function namesScale() {
    const colours = scheme();
    return {type: 'category', grid: {display: false, borderColor: colours.grid}, ticks: {color: colours.text, autoSkip: false}};
  }

  function cardText(chart, item) {
    const series = chart.series[item.datasetIndex];
    if (chart.kind === 'bars') return chart.series.length > 1 ? `${series.name}: ${format(item.raw)}` : textOf(chart.x, item.raw);
    if (chart.kind === 'lines') return `${series.name}: ${format(item.raw.y)}`;
    const name = [series.labels && series.labels[item.dataIndex], series.names && series.names[item.dataIndex]].filter(Boolean).join('. ');
    return [...name.split(', '), textOf(chart.x, item.raw.x), textOf(chart.y, item.raw.y)];
  }

  function optionsOf(chart) {
    const colours = scheme();
    const bars = chart.kind === 'bars';
    return {
      animation: false,
      parsing: bars,  // points come as they are kept
      maintainAspectRatio: false,
      indexAxis: bars ? 'y' : 'x',
      locale: 'en',
      layout: {padding: {right: bars ? 56 : 12, top: 4}},
      interaction: chart.kind === 'points' ? {mode: 'point', intersect: true} : {mode: 'index', axis: bars ? 'y' : 'x', intersect: false},
      scales: {x: scaleOf(chart.x), y: bars ? namesScale() : scaleOf(chart.y)},
      plugins: {
        legend: {display: chart.series.length > 1, align: 'start', labels: {color: colours.text, usePointStyle: true, boxHeight: 7}},
        decimation: {enabled: chart.kind === 'lines', algorithm: 'min-max'},
        tooltip: {
          backgroundColor: colours.card,
          titleColor: colours.cardText,
          bodyColor: colours.cardText,
          usePointStyle: true,
          filter: (item) => !chart.series[item.datasetIndex].joined,
          callbacks: {
            title: (items) => (bars && items.length > 0 ? items[0].label : chart.kind === 'lines' && items.length > 0 ? textOf(chart.x, items[0].raw.x) : ''),
            label: (item) => cardText(chart, item),
          },
        },
      },
    };
  }

  const pointsOf = (series) => series.x.map((x, i) => ({x, y: series.y[i]}));

  function datasetOf(chart, series, index) {
    const colours = scheme().series;
    const colour = colours[index % colours.length];
    const set = {label: series.name, borderColor: colour, backgroundColor: colour, borderWidth: 2};
    if (chart.kind === 'bars') return {...set, data: series.x, borderWidth: 0, maxBarThickness: 14};
    set.data = pointsOf(series);
    if (chart.kind === 'lines') {
      // A line has two points. Few are marked, so that it shows where there are figures.
      const count = series.x.length;
      return {...set, pointStyle: 'circle', pointRadius: count === 1 ? 5 : count <= 40 ? 2.5 : 0};
    }
    if (series.joined) return {...set, showLine: true, borderDash: [5, 4], borderColor: scheme().text, pointRadius: 0, pointStyle: 'line'};
    return {...set, backgroundColor: `${colour}55`, pointStyle: shapes[index % shapes.length], pointRadius: 6, pointHoverRadius: 8, pointHitRadius: 8};
  }

  // Writes the value of each bar at its end.
  function drawValues(drawn, chart) {
    const {ctx} = drawn;
    ctx.font = `12px ${fontFamily}`;
    ctx.textBaseline = 'middle';
    chart.series.forEach((series, set) => {
      if (!drawn.isDatasetVisible(set)) return;
      drawn.getDatasetMeta(set).data.forEach((bar, i) => ctx.fillText(format(series.x[i]), Math.max(bar.x, bar.base) + 5, bar.y));
    });
  }

  const box = (x, y, width, height) => ({left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2});
  const cover = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const within = (a, area) => a.left >= area.left && a.right <= area.right && a.top >= area.top && a.bottom <= area.bottom;

  // Writes labels beside their points, each where it covers neither another label nor a point.
  function drawLabels(drawn, chart) {
    const {ctx, chartArea} = drawn;
    ctx.font = `600 12px ${fontFamily}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    const points = [];
    chart.series.forEach((series, i) => {
      if (!series.labels || !drawn.isDatasetVisible(i)) return;
      drawn.getDatasetMeta(i).data.forEach((point, j) => points.push({x: point.x, y: point.y, text: series.labels[j]}));
    });
    const taken = points.map((p) => box(p.x, p.y, 13, 13));
    for (const p of points) {
      const width = ctx.measureText(p.text).width + 4;
      let place = null;
      for (let far = 14; far <= 62 && !place; far += 12) {
        for (let turn = 0; turn < 8 && !place; ++turn) {
          const angle = (turn * Math.PI) / 4;
          const wanted = box(p.x + Math.cos(angle) * (far + width / 4), p.y - Math.sin(angle) * far, width, 13);
          if (within(wanted, chartArea) && !taken.some((t) => cover(t, wanted))) place = {...wanted, far};
        }
      }
      if (!place) continue;  // its card still has it
      taken.push(place);
      const [x, y] = [(place.left + place.right) / 2, (place.top + place.bottom) / 2];
      ctx.lineWidth = 4;
      ctx.strokeStyle = scheme().back;
      ctx.strokeText(p.text, x, y);  // keeps lines off it
      ctx.fillText(p.text, x, y);
      if (place.far === 14) continue;
      ctx.lineWidth = 1;
      ctx.strokeStyle = scheme().text;
      ctx.beginPath();
      ctx.moveTo(p.x + (x - p.x) * 0.25, p.y + (y - p.y) * 0.25);
      ctx.lineTo(p.x + (x - p.x) * 0.75, p.y + (y - p.y) * 0.75);
      ctx.stroke();
    }
  }

  function texts(chart) {
    return {
      id: 'octetTexts',
      afterDatasetsDraw(drawn) {
        const {ctx} = drawn;
        ctx.save();
        ctx.fillStyle = scheme().text;
        if (chart.kind === 'bars') drawValues(drawn, chart);
        if (chart.kind === 'points') drawLabels(drawn, chart);
        ctx.restore();
      },
    };
  }

  // Draws into the canvas, whose parent has a height. Gives a function that shows other series.
  function draw(canvas, chart) {
    if (chart.kind === 'bars') canvas.parentElement.style.height = `${chart.series[0].x.length * (rowHeight + (chart.series.length - 1) * setHeight) + 64}px`;
    const data = () => ({labels: chart.kind === 'bars' ? chart.series[0].names : undefined, datasets: chart.series.map((s, i) => datasetOf(chart, s, i))});
    const drawn = new Chart(canvas, {
      type: {lines: 'line', points: 'scatter', bars: 'bar'}[chart.kind], data: data(), options: optionsOf(chart), plugins: [texts(chart)],
    });
    dark.addEventListener('change', () => {
      drawn.data = data();
      drawn.options = optionsOf(chart);
      drawn.update('none');
    });
    return (series) => {
      chart.series = series;
      series.forEach((s, i) => Object.assign(drawn.data.datasets[i], datasetOf(chart, s, i)));
      drawn.update('none');
    };
  }

  Chart.defaults.font.family = fontFamily;
  // The charts of a report stand in it, each with its data.
  for (const data of document.querySelectorAll('figure.chart > script[type="application/json"]')) {
    data.parentElement.classList.add('drawn');
    draw(data.parentElement.querySelector('canvas'), JSON.parse(data.textContent));
  }
  return {draw};
})();
