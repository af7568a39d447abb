//! What do people see in a browser?
//!
//! Each page is made from values alone: what was read, who looks, and what time it is go in, and HTML comes out. What an agent
//! or a server wrote goes through [`seen`], which shows every character for what it is. A page works without its script; the
//! script keeps it fresh, tells times in the viewer's zone, and listens for keys.

pub mod address;
pub mod card;
pub mod chain;
pub mod channels;
pub mod chart;
pub mod decision;
pub mod difference;
pub mod frame;
pub mod grants;
pub mod history;
pub mod inbox;
pub mod leases;
pub mod me;
pub mod needs;
pub mod numbers;
pub mod rules;
pub mod saying;
pub mod seen;
pub mod servers;
pub mod sign_in;
pub mod timeline;
pub mod trouble;
pub mod value;
