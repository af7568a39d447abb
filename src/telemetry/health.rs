//! Is the gateway ready for calls, and if not, why not?

use crate::gateway::Gateway;

/// Ready, with a few words; or the reason why calls are refused right now.
pub fn readiness(gateway: &Gateway) -> Result<String, String> {
    if !gateway.recorder.healthy() {
        return Err("degraded: the record cannot be written, so every call is refused; look at the disk".to_owned());
    }
    if let Err(behind) = gateway.recorder.admits() {
        return Err(format!("degraded: every call is refused: {behind}"));
    }
    if gateway.judge.digest().is_none() {
        return Err("not ready: no policy is loaded, so every call is refused".to_owned());
    }
    Ok(format!("ready, {} sessions", gateway.sessions.count()))
}
