//! A stage's values in `samconfig.toml`, where each has a line of its own.

use std::ops::Range;

/// A parameter's value.
pub fn get<'a>(file: &'a str, stage: &str, name: &str) -> &'a str {
    file[place(file, stage, name)].trim_matches('"')
}

/// The file with another value in a parameter's line.
pub fn set(file: &str, stage: &str, name: &str, value: &str) -> String {
    let Range { start, end } = place(file, stage, name);
    let value = if value.is_empty() { "\"\"" } else { value };
    [&file[..start], value, &file[end..]].concat()
}

/// Where the value stands. The line has to be there: an operator adds none.
fn place(file: &str, stage: &str, name: &str) -> Range<usize> {
    let after = |start: usize, part: &str| {
        let found =
            file[start..].find(part).unwrap_or_else(|| panic!("samconfig.toml has no {part:?} for {stage}"));
        start + found + part.len()
    };
    let start = after(after(0, &format!("[{stage}.global.parameters]")), &format!("\n    '{name}="));
    start..after(start, "',") - 2
}

#[test]
fn a_value_is_set_in_its_stages_line_alone() {
    let file = "[a.global.parameters]\n    'Name=\"\"', # why\n[b.global.parameters]\n    'Name=1',\n";
    let other = set(&set(file, "a", "Name", "x,y"), "b", "Name", "");
    assert_eq!((get(&other, "a", "Name"), get(&other, "b", "Name")), ("x,y", ""));
    assert_eq!(set(&set(&other, "a", "Name", ""), "b", "Name", "1"), file);
}
