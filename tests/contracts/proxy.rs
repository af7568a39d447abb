//! What does a proxy that pools transactions break, and is it found out before it does?

use std::sync::Arc;

use countersign::store::{Durability, Store, StoreError, StoreOptions};
use sqlx::{Connection as _, PgConnection};

use crate::place::{Place, proxies};

crate::promises![a_proxy_that_pools_transactions_is_refused_at_start];

async fn a_proxy_that_pools_transactions_is_refused_at_start(place: Arc<Place>) {
    // STO-12. What would break: the durability and the patience asked for, which are settings of a session, and prepared
    // statements, which one connection would find made by another.
    let mut reached = 0;
    for proxy in proxies() {
        let mut url = url::Url::parse(&proxy).unwrap();
        url.set_path(place.url.rsplit('/').next().unwrap());
        for durability in [Durability::Process, Durability::Power] {
            let options = StoreOptions::new(url.as_str(), durability).unwrap();
            for opened in [Store::open(&options).await, Store::open_reader(&options).await] {
                let error = opened.unwrap_err();
                assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
                let told = error.to_string();
                assert!(told.contains("PgBouncer") && told.contains("connect to Postgres directly"), "{told}");
            }
        }
        // It is not that the database cannot be reached.
        if let Ok(mut db) = PgConnection::connect(url.as_str()).await {
            sqlx::raw_sql("SELECT 1").execute(&mut db).await.unwrap();
            reached += 1;
        }
    }
    assert!(reached > 0, "one of them lets connections through, only without their settings");
    // Nothing was made by those who were refused.
    let store = Store::open_reader(&place.options()).await;
    assert!(store.is_err(), "{store:?}");
}
