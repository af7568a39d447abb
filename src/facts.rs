//! What do a call's arguments say, in words a rule can compare?
//!
//! Facts are read from text alone: no file is opened, no name resolved, nothing expanded. Every reader answers whatever
//! it is given; what it could not read for certain is `complete: false`, with the reasons.

// How bad is it?
pub mod risk;

// What would a command line run?
pub mod shell;

// Where does a URL lead?
pub mod url;

// Where does a path lead?
pub mod path;

// How much money moves?
pub mod money;

// Which secrets are given away?
pub mod secret;

// What does a text in SQL do?
pub mod sql;

// What does a rule see of a call's arguments?
pub mod told;

// What do several texts in one call say together?
pub mod merged;

// What does this call say?
pub mod reading;

// What is known of the things a call touches?
pub mod resource;

// Which arguments are read, and as what?
pub mod plan;

// What is an argument, when nobody says?
pub mod automatic;

pub use risk::Risk;
