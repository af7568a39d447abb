//! What does Postgres promise besides?

use std::sync::Arc;
use std::time::Duration;

use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use countersign::store::entries::Wanted;

use crate::place::{Place, admin, said};

crate::promises![
    a_lost_connection_refuses_the_call_and_heals_by_itself,
    replicas_share_a_database_and_make_its_tables_once,
    the_password_is_never_told,
];

async fn a_lost_connection_refuses_the_call_and_heals_by_itself(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    recorder.write(vec![said("before")]).await.unwrap();
    let database = place.url.rsplit('/').next().unwrap();
    admin(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")).await;
    // The server ends its side in its own time; until it has, writes still go through.
    while recorder.write(vec![said("lost")]).await.is_ok() {}
    assert!(!recorder.healthy());
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while !recorder.healthy() {
        looks.tick().await;
    }
    recorder.write(vec![said("after")]).await.unwrap();
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    let events: Vec<_> = lines.iter().rev().take(3).map(|line| line.event.as_str()).collect();
    assert_eq!(events, ["fault", "operated", "fault"]);
    assert!(lines.iter().rev().nth(1).unwrap().body.contains("record_resumed"));
}

async fn replicas_share_a_database_and_make_its_tables_once(place: Arc<Place>) {
    let options = [place.options(), place.options(), place.options(), place.options()];
    let opening = options.map(|options| tokio::spawn(async move { Store::open(&options).await }));
    let mut stores = Vec::new();
    for opened in opening {
        stores.push(opened.await.unwrap().unwrap());
    }
    for store in &stores {
        Recorder::start(store.clone()).write(vec![said("here")]).await.unwrap();
    }
    assert_eq!(stores[0].latest(&Wanted::default(), 10).await.unwrap().len(), 4);
}

async fn the_password_is_never_told(place: Arc<Place>) {
    let mut url = url::Url::parse(&place.url).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    url.set_path("/there_is_no_such_database");
    let options = countersign::store::StoreOptions::new(url.as_str(), countersign::store::Durability::Process).unwrap();
    assert!(!format!("{options:?}").contains("hunter2"));
    let error = Store::open(&options).await.unwrap_err();
    assert!(error.to_string().contains("there_is_no_such_database"), "{error}");
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error}");
}
