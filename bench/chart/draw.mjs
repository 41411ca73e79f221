/**
 * Reads `{ points, caption }` on standard input and writes the chart of the sweep as SVG: deliveries and latency against
 * what was offered, on a background of its own, so that it can be read on a light page and on a dark one.
 */
import { readFileSync } from 'node:fs';
import { init, use } from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const { points, caption } = JSON.parse(readFileSync(0, 'utf8'));

const WIDTH = 1160;
const HEIGHT = 640;
/** Without quotes: the renderer puts it between double ones. */
const FONT = 'system-ui, Helvetica, Arial, sans-serif';
const INK = '#1f2933';
const FAINT = '#5f6b7a';
const LINE = '#dfe3e8';
/** Members of a room: a message is so many deliveries. */
const FAN_OUT = 10;

/** Okabe and Ito's colours, which people with any kind of colour vision tell apart; the symbols differ too. */
const LOOKS = {
  parlor: { name: 'Parlor', color: '#0072b2', symbol: 'circle', width: 3.5 },
  'ws-bare': { name: 'bare ws', color: '#e69f00', symbol: 'rect', width: 2 },
  'ws-coalesce': { name: 'ws, one write per turn', color: '#009e73', symbol: 'triangle', width: 2 },
  socketio: { name: 'Socket.IO', color: '#cc79a7', symbol: 'diamond', width: 2 },
  nest: { name: 'Nest gateway + TypeORM', color: '#d55e00', symbol: 'roundRect', width: 2 },
};

const COUNTS = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const MILLISECONDS = new Intl.NumberFormat('en-US');

const offered = points.map((point) => point.offered);
const ends = { min: Math.min(...offered), max: Math.max(...offered) };

/** Places on a logarithmic axis that are easy to read. */
const PLACES = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** (power - 3)),
).flat();
const DOUBLINGS = Array.from({ length: 12 }, (_, power) => 125 * 2 ** power);

const within = (places, { min, max }) =>
  places.filter((place) => place >= min * 0.999 && place <= max * 1.001);

/** From the place at or below the least value to the one at or above the greatest. */
const around = (values) => ({
  min: PLACES.findLast((place) => place <= Math.min(...values)) ?? PLACES[0],
  max: PLACES.find((place) => place >= Math.max(...values)) ?? PLACES.at(-1),
});

const axis = (name, gridIndex, nameGap, range, customValues, numbers) => ({
  type: 'log',
  name,
  gridIndex,
  nameGap,
  nameLocation: 'middle',
  nameTextStyle: { color: INK, fontSize: 13, fontFamily: FONT },
  ...range,
  axisTick: { customValues },
  axisLabel: {
    color: FAINT,
    fontSize: 12,
    fontFamily: FONT,
    formatter: (value) => numbers.format(value),
    customValues,
  },
  axisLine: { show: true, lineStyle: { color: FAINT } },
  splitLine: { lineStyle: { color: LINE } },
});
const offeredAxis = (panel) => axis('offered, messages/s', panel, 32, ends, within(DOUBLINGS, ends), COUNTS);
const measuredAxis = (panel, name, values, numbers) => {
  const range = around(values);
  return axis(name, panel, 48, range, within(PLACES, range), numbers);
};

const line = (panel, more) => ({
  type: 'line',
  xAxisIndex: panel,
  yAxisIndex: panel,
  animation: false,
  clip: false,
  ...more,
});

function curve(peer, panel, value, dotted) {
  const { name, color, symbol, width } = LOOKS[peer];
  return line(panel, {
    name,
    data: points.filter((point) => point.peer === peer).map((point) => [point.offered, value(point)]),
    symbol,
    symbolSize: dotted ? 5 : 8,
    itemStyle: { color },
    lineStyle: { color, width: dotted ? 1.5 : width, type: dotted ? 'dotted' : 'solid' },
    z: peer === 'parlor' ? 5 : 3,
  });
}

/** What would arrive if everything did. */
const ideal = line(0, {
  data: [ends.min, ends.max].map((rate) => [rate, rate * FAN_OUT]),
  symbol: 'none',
  lineStyle: { color: FAINT, width: 1, type: 'dashed' },
  silent: true,
  z: 2,
});

const title = (text, left, top, fontSize, color = INK, fontWeight = 'bold') => ({
  text,
  left,
  top,
  textStyle: { color, fontSize, fontWeight, fontFamily: FONT, width: WIDTH - 60, overflow: 'break' },
});

const peers = Object.keys(LOOKS).filter((peer) => points.some((point) => point.peer === peer));
const deliveries = points.map((point) => point.deliveriesPerSecond);
const latencies = points.flatMap((point) => [point.p50, point.p99]);
const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
chart.setOption({
  backgroundColor: '#ffffff',
  textStyle: { fontFamily: FONT },
  title: [
    title('100 rooms of 10: what is offered, what arrives, and when', 28, 20, 20),
    title('Deliveries (dashed: all that was offered)', 28, 104, 14),
    title('From the planned sending to each delivery (solid: p99, dotted: p50)', WIDTH / 2 + 8, 104, 14),
    title(caption, 28, HEIGHT - 52, 12, FAINT, 'normal'),
  ],
  legend: {
    left: 22,
    top: 60,
    itemGap: 34,
    itemWidth: 30,
    textStyle: { color: INK, fontSize: 14, fontFamily: FONT },
    data: peers.map((peer) => LOOKS[peer].name),
  },
  grid: [
    { left: 88, top: 140, width: WIDTH / 2 - 128, bottom: 122 },
    { left: WIDTH / 2 + 68, top: 140, width: WIDTH / 2 - 100, bottom: 122 },
  ],
  xAxis: [offeredAxis(0), offeredAxis(1)],
  yAxis: [
    measuredAxis(0, 'deliveries/s', [...deliveries, ends.max * FAN_OUT], COUNTS),
    measuredAxis(1, 'milliseconds', latencies, MILLISECONDS),
  ],
  series: [
    ideal,
    ...peers.flatMap((peer) => [
      curve(peer, 0, (point) => point.deliveriesPerSecond, false),
      curve(peer, 1, (point) => point.p99, false),
      curve(peer, 1, (point) => point.p50, true),
    ]),
  ],
});
process.stdout.write(chart.renderToSVGString());
chart.dispose();
