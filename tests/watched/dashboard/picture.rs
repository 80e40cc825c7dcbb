//! docs/dashboard.svg: the dashboard as the template defines it, with a Tuesday of the week in `week.rs`. What AWS counts and
//! no line says is left empty.

use std::{env, fmt::Write, fs};

use serde_json::Value;

use super::{SCREEN, WIDTH, place, widgets};
use crate::{
    stack::template::{Stack, Variant},
    support::project::{FUNCTIONS, root},
    watched::{
        alarm::Alarm,
        timeline::{Timeline, name_of},
        week::{self, DAY, HOUR},
    },
};

/// Pixels of a unit.
const UNIT: [f64; 2] = [50.0, 40.0];
/// The hours of a Tuesday, by halves.
const BINS: u32 = 48;
const COLOURS: [&str; 8] =
    ["#1f77b4", "#d62728", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"];

#[tokio::test]
async fn docs_dashboard_svg_is_what_the_template_defines() {
    let drawn = draw(Variant::Production.expanded().await, week::recorded().await);
    let path = root().join("docs/dashboard.svg");
    if env::var_os("REWRITE").is_some() {
        fs::write(path, drawn).unwrap();
    } else {
        let kept = fs::read_to_string(path).unwrap_or_default();
        assert!(kept == drawn, "docs/dashboard.svg is old: REWRITE=1 cargo test -p tests docs_dashboard_svg");
    }
}

fn draw(stack: &Stack, timeline: &Timeline) -> String {
    let [width, height] = [f64::from(WIDTH) * UNIT[0], f64::from(SCREEN) * UNIT[1]];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#f4f4f4\"/>\n"
    );
    for widget in widgets(stack) {
        let [x, y, width, height] = place(&widget).map(f64::from);
        let size = [width * UNIT[0] - 6.0, height * UNIT[1] - 6.0];
        let [left, top] = [x * UNIT[0] + 3.0, y * UNIT[1] + 3.0];
        let _ = write!(svg, "<g transform=\"translate({left} {top})\">");
        let _ = writeln!(
            svg,
            "<rect width=\"{}\" height=\"{}\" fill=\"#fff\" stroke=\"#ccc\"/>",
            size[0], size[1]
        );
        match widget["type"].as_str().unwrap() {
            "text" => {
                svg += &text(6.0, 20.0, "#000", &plain(widget["properties"]["markdown"].as_str().unwrap()));
            }
            "alarm" => svg += &alarms(stack, &widget),
            _ => svg += &graph(timeline, &widget, size),
        }
        svg += "</g>\n";
    }
    svg + "</svg>\n"
}

fn plain(markdown: &str) -> String {
    markdown.replace("**", "")
}

fn text(x: f64, y: f64, colour: &str, words: &str) -> String {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{words}</text>\n")
}

fn title(widget: &Value) -> String {
    text(6.0, 15.0, "#000", widget["properties"]["title"].as_str().unwrap())
}

/// All quiet, two lines of them.
fn alarms(stack: &Stack, widget: &Value) -> String {
    let mut drawn = title(widget);
    for (number, alarm) in (0..).zip(Alarm::all(stack)) {
        let [x, y] = [6.0 + f64::from(number % 8) * 147.0, 32.0 + f64::from(number / 8) * 22.0];
        let _ = writeln!(drawn, "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"#2ca02c\"/>", x + 5.0, y - 4.0);
        drawn += &text(x + 14.0, y, "#000", &alarm.name);
    }
    drawn
}

fn graph(timeline: &Timeline, widget: &Value, [width, height]: [f64; 2]) -> String {
    let properties = &widget["properties"];
    let mut drawn = title(widget);
    let series: Vec<_> = properties["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| series(timeline, properties, metric))
        .collect();
    let limits = properties["annotations"]["horizontal"].as_array().into_iter().flatten();
    let limit = limits.filter_map(|line| line["value"].as_f64()).fold(0.0, f64::max);
    let highest = series.iter().flat_map(|(_, values)| values).copied().fold(limit.max(1.0), f64::max);
    let y = |value: f64| 24.0 + (height - 50.0) * (1.0 - value / highest);
    drawn += &text(width - 60.0, 15.0, "#777", &format!("to {highest:.0}"));
    if limit > 0.0 {
        let _ = writeln!(
            drawn,
            "<path d=\"M6 {0:.1}H{1}\" stroke=\"#d62728\" stroke-dasharray=\"4\"/>",
            y(limit),
            width - 6.0
        );
    }
    for (number, (_, values)) in series.iter().enumerate() {
        let step = (width - 12.0) / f64::from(BINS - 1);
        let points = (0_u32..)
            .zip(values)
            .map(|(bin, value)| format!("{:.1},{:.1}", 6.0 + step * f64::from(bin), y(*value)));
        let (points, colour) = (points.collect::<Vec<_>>().join(" "), COLOURS[number % COLOURS.len()]);
        let _ = writeln!(drawn, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\"/>");
    }
    drawn + &legend(&series, width, height)
}

/// The first names, and how many more there are.
fn legend(series: &[(String, Vec<f64>)], width: f64, height: f64) -> String {
    let (mut x, mut drawn) = (6.0, String::new());
    for (number, (name, _)) in series.iter().enumerate() {
        let room = name.chars().map(|_| 6.2).sum::<f64>() + 10.0;
        if x + room > width - 20.0 {
            return drawn + &text(x, height - 8.0, "#777", &format!("+{}", series.len() - number));
        }
        drawn += &text(x, height - 8.0, COLOURS[number % COLOURS.len()], name);
        x += room;
    }
    drawn
}

/// Of all routes together, where the dashboard has a line for each.
fn by_route(timeline: &Timeline, metric: &Value) -> Vec<f64> {
    let expression = metric[0]["expression"].as_str().unwrap();
    let name = expression.split("MetricName=\"").nth(1).unwrap().split('"').next().unwrap();
    let of = |function: &str, from: f64| -> f64 {
        timeline.between(&name_of("backups", name, function), from, from + HOUR / 2.0).sum()
    };
    let bin = |number: u32| {
        let from = DAY + f64::from(number) * HOUR / 2.0;
        FUNCTIONS.iter().map(|function| of(function, from)).sum()
    };
    (0..BINS).map(bin).collect()
}

/// A metric's name, and its value in each half hour.
fn series(timeline: &Timeline, properties: &Value, metric: &Value) -> (String, Vec<f64>) {
    let Some(space) = metric[0].as_str() else {
        return (metric[0]["id"].as_str().unwrap().to_owned(), by_route(timeline, metric));
    };
    let name = metric[1].as_str().unwrap();
    let options = metric.as_array().unwrap().last().filter(|last| last.is_object());
    let stat = options.and_then(|options| options["stat"].as_str()).or(properties["stat"].as_str()).unwrap();
    let label = options.and_then(|options| options["label"].as_str()).unwrap_or(name);
    let key = name_of(space, name, metric[3].as_str().unwrap_or_default());
    let bin = |number: u32| {
        let from = DAY + f64::from(number) * HOUR / 2.0;
        let mut values: Vec<f64> = timeline.between(&key, from, from + HOUR / 2.0).collect();
        values.sort_by(f64::total_cmp);
        let percentile =
            |of: usize| values.get((values.len() * of).div_ceil(100).max(1) - 1).copied().unwrap_or(0.0);
        match stat {
            "p99" => percentile(99),
            "p50" => percentile(50),
            _ => values.iter().sum(),
        }
    };
    (label.to_owned(), (0..BINS).map(bin).collect())
}
