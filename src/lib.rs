//! Countersign stands between an agent and the MCP servers that hold its tools. Every call is judged by Rego policy and
//! stands in a durable record before it reaches a server, and its outcome before anybody hears of it.
//!
//! # The story of a call
//!
//! Each step answers one question, is one module, and hands one value to the next. [`gateway`] tells the story once, in
//! one function that reads like this table.
//!
//! | the question | module | value it yields | pure |
//! |---|---|---|---|
//! | who is asking | [`identity`] | [`call::caller::Caller`] | |
//! | what was it asked to do | [`intent`] | [`intent::Intent`] | yes |
//! | which tool, and is it still the one we pinned | [`catalogue`] | [`call::Call`] | yes |
//! | may it | [`policy`] | [`policy::decision::Decision`]: a `Grant`, a `Held`, or reasons | yes |
//! | who must agree | [`approval`] | [`approval::consent::Consent`] | yes |
//! | so it may | [`permit`] | [`permit::Permit`] | yes |
//! | with which credential | [`credentials`] | [`credentials::lease::Lease`] | |
//! | do it | [`downstream`] | [`downstream::Reply`] | |
//! | what came back | [`outcome`] | [`outcome::Outcome`] | yes |
//! | write it down | [`audit`] | [`audit::entry::Entry`] and [`audit::receipt::Receipt`] | yes |
//!
//! Around it stand the rooms a call passes through: [`wire`] (what a message is), [`front`] (where a call arrives),
//! [`facts`] (what its arguments say), [`change`] (what is taken out of it), [`passkey`] (what somebody signed), [`gateway`] (where the story is told),
//! [`review`] (where people answer), [`channels`] (how they are asked), [`store`] (where it is kept), [`sinks`] (where else it is told), and [`config`], [`reload`], [`replay`], [`clock`], [`address`], [`secret`],
//! [`unbroken`], [`telemetry`], [`clients`] (whose files name the servers) and [`cli`].
//!
//! # What always holds
//!
//! 1. Nothing that can have an effect reaches a server without a [`permit::Permit`]. A permit is made in one place, from a
//!    grant for the same digest, and is spent by [`downstream::perform`].
//! 2. The intention is committed before the deed, the outcome before the reply. What cannot be written is not done.
//! 3. Every ending is recorded: also refusals, cancellations and our own faults. Only `ping`, `/healthz`, `/readyz`
//!    and `/metrics` leave no entry.
//! 4. An error while judging is never an allow, and nothing said is a no.
//! 5. One value tree is judged, shown, digested and sent. What could be read two ways is refused; what a server answers
//!    passes untouched.
//! 6. A method that is not known is refused and never forwarded.
//! 7. A client's token never reaches a tool server; where the operator says so it is shown to the token server that gives
//!    another for it. A caller is proven from a token, a key or the operating system, never
//!    from arguments or headers a client may set.
//! 8. A credential is made after the decision is durable, for one call, as it was shown to whoever decided. It stands in the
//!    book of leases before anybody uses it and until nobody can; the agent, the record and people never see it.
//! 9. Pure modules (digest, call, intent, catalogue, policy, passkey, approval, permit, outcome, audit,
//!    wire, clients) have no IO, clock or chance; both are
//!    handed in.
//!
//! # Errors, time, secrets, the end
//!
//! Each door has one error enum whose text says what happened and what to do. Time comes from [`clock::Clock`]. A [`secret::Secret`]
//! has no way to be printed. Leaving: the listener stops, open requests get a moment, sessions close, children are ended
//! with their whole group, and the last entry is committed.

// What is a message?
pub mod wire;

// What names a thing?
pub mod digest;

// Where does an address lead?
pub mod address;

// What must not be shown?
pub mod secret;

// What would nobody see for what it is?
pub mod visible;

// What is a call?
pub mod call;

// Who is asking?
pub mod identity;

// What was it asked to do?
pub mod intent;

// Which tool, and is it still the one we pinned?
pub mod catalogue;

// What do a call's arguments say?
pub mod facts;

// May it?
pub mod policy;

// Did the person who holds this passkey sign exactly this?
pub mod passkey;

// Who must agree?
pub mod approval;

// What is taken out before something is sent, shown or written down?
pub mod change;

// So it may.
pub mod permit;

// With which credential?
pub mod credentials;

// Do it.
pub mod downstream;

// What came back?
pub mod outcome;

// Write it down.
pub mod audit;

// Where does a call arrive?
pub mod front;

// Where is the story told?
pub mod gateway;

// Where do people answer?
pub mod review;

// Where else is it told what was written down?
pub mod sinks;

// How are they asked?
pub mod channels;

// Where is it kept?
pub mod store;

// Who keeps the log over it, and signs?
pub mod book;

// What was the gateway told to do?
pub mod config;

// How do changed policies come into force?
pub mod reload;

// What would other policies have said?
pub mod replay;

// What time is it, and what is the next random number?
pub mod clock;

// How does a task that wakes itself keep its thread?
pub mod unbroken;

// What does the operator see?
pub mod telemetry;

// Which clients are on this machine, and which servers do their files name?
pub mod clients;

// What can a person tell the program to do?
pub mod cli;
