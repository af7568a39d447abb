//! The `countersign` program.
use countersign::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async move {
        let mut it = args.into_iter();
        let mode = it.next().unwrap();
        let name = it.next().unwrap();
        let program = it.next().unwrap();
        let fleet = downstream::Fleet::new(vec![downstream::ServerOptions {
            name: name.clone().into(),
            place: downstream::Place::Command(downstream::CommandOptions {
                program,
                args: it.collect(),
                ..Default::default()
            }),
            timeout: Duration::from_secs(120),
        }]);
        let settings = gateway::settings::Settings {
            environment: "x".into(),
            zone: jiff::tz::TimeZone::UTC,
            minimum_protocol: "2024-11-05".into(),
            list_timeout: Duration::from_secs(30),
            streams_per_principal: 64,
            sessions_per_principal: 256,
            servers: BTreeMap::new(),
        };
        let mut settings = settings;
        settings.servers.insert(
            name.clone(),
            gateway::settings::ServerSettings {
                timeout: Duration::from_secs(120),
                first_sight: catalogue::pins::FirstSight::Agrees,
                arguments: gateway::settings::Arguments::Checked,
                trust: policy::input::Trust::Claims,
                part: policy::input::server(&name, "stdio", policy::input::Trust::Claims, &BTreeMap::new()),
            },
        );
        let gw = gateway::Gateway::new(
            fleet.clone(),
            Arc::new(gateway::judge::Judge::new(
                policy::bundle::Bundle::load(
                    &policy::files::read(&["/tmp/pol".into()], policy::files::Include::Policies).unwrap(),
                )
                .unwrap(),
            )),
            gateway::recorder::Recorder,
            store::Store,
            (Arc::new(clock::SystemClock), settings),
        );
        let stop = tokio_util::sync::CancellationToken::new();
        if mode == "run" {
            let caller = Arc::new(call::caller::Caller {
                principal: "os".into(),
                agent: None,
                user: None,
                groups: vec![],
                proof: call::caller::Proof::Nothing,
            });
            let pipe = front::stdio::Pipe {
                gateway: gw.clone(),
                caller,
                scope: gw.scope(Some(&name)).unwrap(),
                limits: wire::reader::Limits::REQUEST,
            };
            pipe.serve(tokio::io::stdin(), tokio::io::stdout(), stop).await;
        } else {
            let l = Arc::new(front::http::Listener {
                gateway: gw.clone(),
                identity: Arc::new(identity::Identity),
                rules: identity::guard::Rules,
                limits: wire::reader::Limits::REQUEST,
                metadata: None,
            });
            let socket = tokio::net::TcpListener::bind("127.0.0.1:4180").await.unwrap();
            l.serve(socket, stop).await;
        }
        fleet.shutdown(Duration::from_secs(1)).await;
    });
}
