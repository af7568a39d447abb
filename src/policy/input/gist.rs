//! What of a call is worth remembering?

use regorus::Value;

use super::Input;
use crate::facts::Risk;

impl Input {
    /// How bad it could be. What was not read is as bad as can be.
    pub fn risk(&self) -> Risk {
        match self.fact(&["risk"]) {
            Some(Value::String(word)) => match &**word {
                "low" => Risk::Low,
                "medium" => Risk::Medium,
                "high" => Risk::High,
                _ => Risk::Critical,
            },
            _ => Risk::Critical,
        }
    }

    /// How much money it moves, in the currency's smallest unit, and the currency. Nothing when it moves none, or nobody
    /// knows how much.
    pub fn money(&self) -> Option<(String, i128)> {
        let Value::String(currency) = self.fact(&["money", "currency"])? else { return None };
        let amount: i128 = self.fact(&["money", "amount"])?.to_string().parse().ok()?;
        Some((currency.to_string(), amount))
    }

    fn fact(&self, path: &[&str]) -> Option<&Value> {
        let mut value = &self.value;
        for name in std::iter::once(&"facts").chain(path) {
            value = value.as_object().ok()?.get(&Value::from(*name))?;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_of_a_call_is_its_risk_and_its_money() {
        let with = |facts: &str| Input {
            value: Value::from_json_str(&format!(r#"{{"facts":{facts}}}"#)).unwrap(),
            key: super::super::Key::default(),
        };
        let paid = with(r#"{"risk":"medium","money":{"amount":1250,"currency":"EUR"}}"#);
        assert_eq!((paid.risk(), paid.money()), (Risk::Medium, Some(("EUR".to_owned(), 1250))));
        let unknown = with(r#"{"money":{"amount":null,"currency":"EUR"}}"#);
        assert_eq!((unknown.risk(), unknown.money()), (Risk::Critical, None));
    }
}
