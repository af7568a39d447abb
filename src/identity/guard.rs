//! STUB
#![allow(missing_docs)]
#[derive(Debug)]
pub struct Rules;
#[derive(Debug, thiserror::Error)]
#[error("c")]
pub struct Refused;
pub fn admit(_h: Option<&str>, _o: Option<&str>, _r: &Rules) -> Result<(), Refused> {
    Ok(())
}
