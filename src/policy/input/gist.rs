//! What of a call is worth remembering?

use regorus::Value;

use super::{Input, member};
use crate::facts::Risk;

impl Input {
    /// How bad it could be. What was not read is as bad as can be.
    pub fn risk(&self) -> Risk {
        self.key.risk.unwrap_or(Risk::Critical)
    }

    /// Forgets the document, and with it the arguments; how risky it is stays. Nothing can be judged by it any more.
    pub fn thin(&mut self) {
        self.value = Value::Undefined;
    }

    /// How much money it moves, in the currency's smallest unit, and the currency. Nothing when it moves none, or nobody
    /// knows how much.
    pub fn money(&self) -> Option<(String, i128)> {
        let Value::String(currency) = member(&self.value, ["facts", "money", "currency"])? else { return None };
        let amount: i128 = member(&self.value, ["facts", "money", "amount"])?.to_string().parse().ok()?;
        Some((currency.to_string(), amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_of_a_call_is_its_risk_and_its_money() {
        let with = |facts: &str| {
            let value = Value::from_json_str(&format!(r#"{{"facts":{facts}}}"#)).unwrap();
            Input::keyed(value, super::super::Key::default())
        };
        let paid = with(r#"{"risk":"medium","money":{"amount":1250,"currency":"EUR"}}"#);
        assert_eq!((paid.risk(), paid.money()), (Risk::Medium, Some(("EUR".to_owned(), 1250))));
        let unknown = with(r#"{"money":{"amount":null,"currency":"EUR"}}"#);
        assert_eq!((unknown.risk(), unknown.money()), (Risk::Critical, None));
    }
}
