//! What does the operator see while the gateway runs?

pub mod health;
