//! Fits a logistic regression by Newton steps: the matcher's straight line, and the baseline it is measured against.

use std::borrow::Cow;

use platform_integration::mapping::matcher::Line;

/// Newton steps; the loss is convex, and the last ones change nothing that is printed.
const STEPS: usize = 8;
/// Weight of the squared coefficients.
const RIDGE: f64 = 1.0;

/// Numbers brought to mean 0 and deviation 1, and what each adds.
struct Regression {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// One for each number, the constant last.
    weights: Vec<f64>,
}

impl Regression {
    fn fitted(rows: &[&[f32]], is: &[bool], weights: &[f32]) -> Self {
        let width = rows.first().map_or(0, |r| r.len());
        let n = rows.len().max(1) as f64;
        let mut mean = vec![0.0; width];
        let mut square = vec![0.0; width];
        for row in rows {
            for ((m, q), x) in mean.iter_mut().zip(&mut square).zip(*row) {
                *m += f64::from(*x) / n;
                *q += f64::from(*x).powi(2) / n;
            }
        }
        let scale = mean.iter().zip(&square).map(|(m, q)| (q - m * m).max(1e-8).sqrt()).collect();
        let mut out = Self { mean, scale, weights: vec![0.0; width + 1] };
        for _ in 0..STEPS {
            out.step(rows, is, weights);
        }
        out
    }

    fn scaled(&self, row: &[f32]) -> Vec<f64> {
        let own = row.iter().zip(self.mean.iter().zip(&self.scale)).map(|(x, (m, s))| (f64::from(*x) - m) / s);
        own.chain([1.0]).collect()
    }

    /// One Newton step: the second derivatives solved for the first ones.
    fn step(&mut self, rows: &[&[f32]], is: &[bool], weights: &[f32]) {
        let width = self.weights.len();
        let mut slope: Vec<f64> = self.weights.iter().map(|w| RIDGE * w).collect();
        let mut bend = vec![0.0; width * width];
        for ((row, is), weight) in rows.iter().zip(is).zip(weights) {
            let (is, weight) = (f64::from(u8::from(*is)), f64::from(*weight));
            let x = self.scaled(row);
            let p = 1.0 / (1.0 + (-x.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f64>()).exp());
            let h = (p * (1.0 - p)).max(1e-9) * weight;
            for i in 0..width {
                slope[i] += (p - is) * weight * x[i];
                let by = h * x[i];
                for (slot, other) in bend[i * width..=i * width + i].iter_mut().zip(&x) {
                    *slot += by * other;
                }
            }
        }
        for i in 0..width {
            bend[i * width + i] += RIDGE;
        }
        for (w, by) in self.weights.iter_mut().zip(solved(&mut bend, slope)) {
            *w -= by;
        }
    }
}

/// `a x = b` for a symmetric positive matrix of which the lower half is given (Cholesky).
fn solved(a: &mut [f64], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - sum;
            a[i * n + j] = if i == j { rest.max(1e-9).sqrt() } else { rest / a[j * n + j] };
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    b
}

/// A line from rows of numbers, each with whether it is a match and what it weighs.
pub(crate) fn fitted(rows: &[&[f32]], is: &[bool], weights: &[f32]) -> Line {
    let fitted = Regression::fitted(rows, is, weights);
    let mut base = fitted.weights.last().copied().unwrap_or(0.0);
    let mut each = Vec::new();
    for ((w, m), s) in fitted.weights.iter().zip(&fitted.mean).zip(&fitted.scale) {
        base -= w * m / s;
        each.push(((w / s) * 1e5).round() as f32 / 1e5);
    }
    Line { base: base as f32, weights: Cow::Owned(each) }
}
