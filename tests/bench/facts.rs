//! What do facts cost?

use countersign::facts::{path, secret, shell, sql, url};
use countersign::wire::reader;

use crate::measure::{heads, row};

const DIALECTS: [(&str, sql::Dialect); 6] = [
    ("postgres", sql::Dialect::Postgres),
    ("mysql", sql::Dialect::Mysql),
    ("sqlite", sql::Dialect::Sqlite),
    ("mssql", sql::Dialect::Mssql),
    ("snowflake", sql::Dialect::Snowflake),
    ("bigquery", sql::Dialect::Bigquery),
];

pub(crate) fn run() {
    heads("Facts");
    let statement = statement();
    for (name, dialect) in DIALECTS {
        row(&format!("sql, {} bytes, {name}", statement.len()), "100", || sql::read(&statement, dialect));
    }
    let command =
        "cd /srv/work && git diff --stat HEAD~3 | grep -v '^ test' > changes.txt; find . -name '*.rs' -exec wc -l {} +";
    row(&format!("shell, {} bytes", command.len()), "", || shell::read(command, shell::Dialect::Bash));
    let address = "https://api.example.com/v2/customers/4711/orders?limit=50&after=2026-01-01";
    row("url", "", || url::read(address));
    row("path", "", || path::read("/srv/work/reports/../reports/2026/q3.csv", path::Style::Posix, &["/srv/work"]));
    let text =
        serde_json::json!({ "title": "a report", "body": "plain words, nothing else. ".repeat(70), "token": "none" });
    let arguments = reader::strict(text.to_string().as_bytes(), &reader::Limits::REQUEST);
    if let Ok(arguments) = arguments {
        row("secrets, 2 KiB", "", || secret::read(&arguments));
    }
}

/// A statement of some two kibibytes, as every dialect reads it.
fn statement() -> String {
    let columns: Vec<String> = (0..24).map(|number| format!("o.column_{number:02}")).collect();
    let tests: Vec<String> =
        (0..36).map(|number| format!("(o.state = 'state {number:02}' AND c.region_id <> {number})")).collect();
    format!(
        "WITH recent AS (SELECT id, customer_id FROM sales.orders WHERE created_at > '2026-01-01') \
         SELECT {}, COUNT(*) AS n, SUM(o.total) AS total FROM sales.orders o \
         JOIN recent r ON r.id = o.id LEFT JOIN sales.customers c ON c.id = o.customer_id \
         WHERE {} GROUP BY {} HAVING COUNT(*) > 3 ORDER BY total DESC",
        columns.join(", "),
        tests.join(" OR "),
        columns.join(", "),
    )
}
