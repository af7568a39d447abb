//! How are numbers drawn?
//!
//! As bars in SVG, with a title and a description; the same numbers always stand in a table beside it. Colours come from the
//! page's own style, by class.

/// Bars beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// How wide all of it is.
    pub width: u64,
    /// How high.
    pub height: u64,
    /// The bars.
    pub bars: Vec<Bar>,
    /// What the highest bar stands for.
    pub most: u64,
    /// Where the bars stand.
    pub base: u64,
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What stands below it; nothing where there is no room.
    pub label: Option<String>,
    /// The middle of it.
    pub middle: u64,
    /// All it says, for whoever points at it.
    pub title: String,
    /// Its parts, the lowest first.
    pub parts: Vec<Part>,
}

/// A part of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is: a class of the page's style.
    pub class: &'static str,
    /// From the left.
    pub x: u64,
    /// From the top.
    pub y: u64,
    /// How wide.
    pub width: u64,
    /// How high.
    pub height: u64,
}

/// What one bar stands for.
#[derive(Clone, Debug)]
pub struct Amount {
    /// What stands below it.
    pub label: String,
    /// Of what how much.
    pub of: Vec<(&'static str, u64)>,
}

const WIDTH: u64 = 640;
const HEIGHT: u64 = 170;
const BASE: u64 = 145;
const TALLEST: u64 = 125;

impl Chart {
    /// Of these amounts. Of many, some labels are left out.
    pub fn of(amounts: &[Amount]) -> Self {
        let whole = |amount: &Amount| amount.of.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        let most = amounts.iter().map(whole).max().unwrap_or(0);
        let count = u64::try_from(amounts.len()).unwrap_or(1).max(1);
        let step = WIDTH.checked_div(count).unwrap_or(WIDTH).min(120);
        let every = if count > 8 { 7 } else { 1 };
        let bar = |(place, amount): (u64, &Amount)| {
            let x = place.saturating_mul(step).saturating_add(step / 8);
            let width = step.saturating_sub(step / 4).max(1);
            let (mut y, mut parts) = (BASE, Vec::new());
            for (class, count) in amount.of.iter().filter(|(_, count)| *count > 0) {
                // What is there is seen, however little it is.
                let height = count.saturating_mul(TALLEST).checked_div(most).unwrap_or(0).max(2);
                y = y.saturating_sub(height);
                parts.push(Part { class, x, y, width, height });
            }
            let said: Vec<String> = amount.of.iter().map(|(class, count)| format!("{count} {class}")).collect();
            let title = format!("{}: {}", amount.label, said.join(", "));
            let label = place.is_multiple_of(every).then(|| amount.label.clone());
            Bar { label, middle: x.saturating_add(width / 2), title, parts }
        };
        Self { width: WIDTH, height: HEIGHT, bars: (0..).zip(amounts).map(bar).collect(), most, base: BASE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_fit() {
        let amount = |of: &[u64]| Amount {
            label: "x".to_owned(),
            of: ["approved", "denied"].into_iter().zip(of.iter().copied()).collect(),
        };
        let days: Vec<Amount> = (0..30).map(|day| amount(&[day, 1])).collect();
        for amounts in [vec![], vec![amount(&[0, 0])], vec![amount(&[1, 2])], vec![amount(&[u64::MAX, 1])], days] {
            let chart = Chart::of(&amounts);
            assert_eq!(chart.bars.len(), amounts.len());
            for bar in &chart.bars {
                let ground = bar.parts.first().map(|part| part.y.saturating_add(part.height));
                assert!(ground.is_none_or(|ground| ground == chart.base), "{bar:?}");
                assert!(bar.parts.iter().all(|part| part.x + part.width <= chart.width && part.height >= 2), "{bar:?}");
            }
        }
        let one = Chart::of(&[amount(&[3, 0])]);
        assert_eq!((one.most, one.bars[0].parts.len(), &*one.bars[0].title), (3, 1, "x: 3 approved, 0 denied"));
    }
}
