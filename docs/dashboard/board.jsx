// The panels of deploy/grafana/sluicegate.json, drawn by Grafana's own components.
import "@fontsource/inter/400.css";
import "@fontsource/inter/500.css";
import {
  FieldType, applyFieldOverrides, createDataFrame, createTheme, dateTime,
  getFieldDisplayValues, standardFieldConfigEditorRegistry,
} from "@grafana/data";
import {
  BigValue, GlobalStyles, Icon, PanelChrome, ThemeContext, TimeSeries, VizRepeater,
} from "@grafana/ui";
import React from "react";
import { createRoot } from "react-dom/client";

const { board, results, marks, from, to } = window.__drawn__;
const theme = createTheme({ colors: { mode: "dark" } });
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const GAP = 8, CELL = 30, COLUMNS = 24;

// What a field of a panel may be configured with; Grafana reads each by its id.
standardFieldConfigEditorRegistry.setInit(() =>
  ["unit", "min", "max", "decimals", "displayName", "color", "thresholds", "mappings", "noValue", "custom"]
    .map((id) => ({ id, path: id, name: id, settings: {}, process: (value) => value, shouldApply: () => true })));

const finite = (value) => (Number.isFinite(Number(value)) ? Number(value) : null);

function framesOf(panel) {
  return results[panel.id].flatMap(({ target, series }) => series.map(({ labels, values }) => createDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: values.map(([at]) => at * 1000) },
      {
        name: "Value", type: FieldType.number, labels, values: values.map(([, value]) => finite(value)),
        config: { displayNameFromDS: target.legendFormat.replace(/{{(\w+)}}/g, (_, name) => labels[name] ?? "") },
      },
    ],
  })));
}

// As a panel does before it draws: units, limits, colours and names go into the fields.
function fieldsOf(panel) {
  const { defaults, overrides } = structuredClone(panel.fieldConfig);
  for (const step of defaults.thresholds.steps) step.value ??= -Infinity;
  const fieldConfig = { defaults, overrides };
  const data = applyFieldOverrides({ data: framesOf(panel), fieldConfig, replaceVariables: asItIs, theme, timeZone: "utc" });
  return { data, fieldConfig };
}

const asItIs = (text) => text;

function Stat({ panel, width, height }) {
  const { reduceOptions, colorMode, graphMode, justifyMode, textMode, text, orientation } = panel.options;
  const values = () => getFieldDisplayValues({
    ...fieldsOf(panel), reduceOptions, replaceVariables: asItIs, theme, timeZone: "utc", sparkline: graphMode !== "none",
  });
  return (
    <VizRepeater
      getValues={values} width={width} height={height} itemSpacing={3} source={panel} orientation={orientation}
      renderValue={({ value, width, height, count }) => (
        <BigValue
          {...{ width, height, count, colorMode, graphMode, justifyMode, textMode, text, theme }}
          value={value.display}
          sparkline={value.sparkline && { ...value.sparkline, timeRange: range }}
        />
      )}
    />
  );
}

function Graph({ panel, width, height }) {
  const { data: frames } = fieldsOf(panel);
  if (!frames.length) return <div className="empty">{panel.fieldConfig.defaults.noValue ?? "No data"}</div>;
  return (
    <TimeSeries {...{ frames, width, height }} timeRange={range} timeZone="utc" legend={panel.options.legend}>
      {(config) => { config.addHook("draw", drawMarks); return null; }}
    </TimeSeries>
  );
}

// Grafana draws annotations outside its public packages: a dashed line and a triangle below it.
function drawMarks(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { at, colour } of marks) {
    const x = Math.round(plot.valToPos(at * 1000, "x", true));
    ctx.strokeStyle = ctx.fillStyle = theme.visualization.getColorByName(colour);
    ctx.setLineDash([5, 5]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 4, bbox.top + bbox.height + 5);
    ctx.lineTo(x + 4, bbox.top + bbox.height + 5);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.fill();
  }
  ctx.restore();
}

function Panel({ panel, column }) {
  const { x, y, w, h } = panel.gridPos;
  const place = { position: "absolute", left: x * (column + GAP), top: y * (CELL + GAP) };
  const size = { width: w * column + (w - 1) * GAP, height: h * CELL + (h - 1) * GAP };
  const links = (panel.links ?? []).map((link) => (
    <a key={link.url} href={link.url} title={link.title}><Icon name="external-link-alt" size="md" /></a>
  ));
  const Drawn = { stat: Stat, timeseries: Graph }[panel.type];
  return (
    <div style={place}>
      <PanelChrome {...size} title={panel.title} description={panel.description} titleItems={links}>
        {(width, height) => <Drawn {...{ panel, width, height }} />}
      </PanelChrome>
    </div>
  );
}

function Board() {
  const column = (window.innerWidth - 2 * GAP - (COLUMNS - 1) * GAP) / COLUMNS;
  const span = [from, to].map((at) => new Date(at).toISOString().slice(11, 16)).join(" to ");
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <header>
        <h1>{board.title}</h1>
        {board.templating.list.map((one) => <span key={one.name}>{one.label}: <b>{one.query}</b></span>)}
        {board.annotations.list.map((one) => (
          <span key={one.name} style={{ color: theme.visualization.getColorByName(one.iconColor) }}>▲ {one.name}</span>
        ))}
        <span className="right">{span} UTC</span>
      </header>
      <main>{board.panels.map((panel) => <Panel key={panel.id} {...{ panel, column }} />)}</main>
    </ThemeContext.Provider>
  );
}

createRoot(document.getElementById("board")).render(<Board />);
