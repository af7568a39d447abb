//! What stands behind the gateway in the demonstration? A small shop: a real database behind a real MCP server.

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, ServerCapabilities, ServerConfig};
use rmcp::transport::stdio;
use rmcp::{ErrorData, ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{Column as _, Row as _};

const SHELVES: &str = "
    create table products (id integer primary key, name text, price_cents integer, stock integer);
    create table customers (id integer primary key, name text, email text);
    create table orders (id integer primary key, customer integer references customers, product integer references products, quantity integer);
    create table refunds (id integer primary key, paid_for integer references orders, cents integer, currency text);
    create table carts (id integer primary key, name text);
    insert into products (name, price_cents, stock) values
        ('fountain pen', 3900, 12), ('ink, blue-black', 1250, 40), ('notebook, squared', 890, 200);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200)
    insert into customers (name, email) select 'Customer ' || i, 'customer' || i || '@example.com' from n;
    insert into customers (name, email) values ('Ada Lovelace', 'ada@example.com');
    insert into orders (customer, product, quantity)
        select id, 1 + id % 3, 1 + id % 5 from customers where id % 4 = 0 or name = 'Ada Lovelace';
";

/// Serves the shop over standard input and output until the other end is closed.
pub async fn serve() -> anyhow::Result<()> {
    // One connection: an in-memory database lives and dies with it.
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::raw_sql(SHELVES).execute(&pool).await?;
    let shop = Shop { pool, tool_router: Shop::tool_router() };
    shop.serve(stdio()).await?.waiting().await?;
    Ok(())
}

#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    tool_router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
struct Customer {
    /// The customer's name, or a part of it.
    customer: String,
}

#[derive(Deserialize, JsonSchema)]
struct Export {
    /// How many customers at most.
    limit: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Table {
    /// The table's name.
    table: String,
}

#[derive(Deserialize, JsonSchema)]
struct Refund {
    /// The order's number.
    order: i64,
    /// How much, in cents.
    amount: i64,
    /// The currency's code.
    currency: String,
}

#[tool_router]
impl Shop {
    #[tool(description = "Lists the products with price and stock.", annotations(read_only_hint = true))]
    async fn list_products(&self) -> Result<CallToolResult, ErrorData> {
        self.rows("select name, price_cents, stock from products order by id", None).await
    }

    #[tool(description = "Finds the orders of a customer by name.", annotations(read_only_hint = true))]
    async fn find_orders(&self, wanted: Parameters<Customer>) -> Result<CallToolResult, ErrorData> {
        let sql = "select c.name as customer, p.name as product, o.quantity from orders o
            join customers c on c.id = o.customer join products p on p.id = o.product
            where c.name like '%' || $1 || '%' order by o.id limit 20";
        self.rows(sql, Some(wanted.0.customer)).await
    }

    #[tool(description = "Exports customers with their e-mail addresses.", annotations(read_only_hint = true))]
    async fn export_customers(&self, export: Parameters<Export>) -> Result<CallToolResult, ErrorData> {
        let sql = "select name, email from customers order by id limit cast($1 as integer)";
        self.rows(sql, Some(export.0.limit.to_string())).await
    }

    #[tool(description = "Gives a customer money back.", annotations(destructive_hint = false))]
    async fn refund_order(&self, wanted: Parameters<Refund>) -> Result<CallToolResult, ErrorData> {
        let Refund { order, amount, currency } = wanted.0;
        let added = sqlx::query("insert into refunds (paid_for, cents, currency) values ($1, $2, $3)")
            .bind(order)
            .bind(amount)
            .bind(&currency)
            .execute(&self.pool)
            .await;
        Ok(match added {
            Ok(_) => {
                let (whole, cents) = (amount.div_euclid(100), amount.rem_euclid(100));
                CallToolResult::success(vec![ContentBlock::text(format!(
                    "{whole}.{cents:02} {currency} were paid back for order {order}"
                ))])
            }
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
        })
    }

    #[tool(description = "Drops a table.", annotations(destructive_hint = true))]
    async fn drop_table(&self, gone: Parameters<Table>) -> Result<CallToolResult, ErrorData> {
        let name = gone.0.table;
        if !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Ok(CallToolResult::error(vec![ContentBlock::text("that is not the name of a table")]));
        }
        let dropped = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop table {name}"))).execute(&self.pool).await;
        Ok(match dropped {
            Ok(_) => CallToolResult::success(vec![ContentBlock::text(format!("{name} is gone"))]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
        })
    }
}

impl Shop {
    async fn rows(&self, sql: &'static str, argument: Option<String>) -> Result<CallToolResult, ErrorData> {
        let mut query = sqlx::query(sql);
        if let Some(argument) = argument {
            query = query.bind(argument);
        }
        let rows =
            query.fetch_all(&self.pool).await.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let mut text = String::new();
        for row in rows {
            let cells: Vec<String> = (0..row.columns().len())
                .map(|at| {
                    let name = row.column(at).name();
                    let value =
                        row.try_get::<String, _>(at).or_else(|_| row.try_get::<i64, _>(at).map(|n| n.to_string()));
                    format!("{name}: {}", value.unwrap_or_default())
                })
                .collect();
            text.push_str(&cells.join(", "));
            text.push('\n');
        }
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]))
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Shop {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}
