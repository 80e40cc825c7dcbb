//! The curves of Portal's wallets, with their numbers as Portal writes them: in decimal.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, const_prime_monty_params};
pub use curve25519_dalek::EdwardsPoint as Ed25519;
pub use k256::ProjectivePoint as Secp256k1;
use k256::elliptic_curve::Group;
use k256::elliptic_curve::point::AffineCoordinates;

/// A curve, as its points.
pub trait Curve: Group {
    fn decimal(scalar: &Self::Scalar) -> String;
    /// x and y.
    fn coordinates(&self) -> [String; 2];
}

impl Curve for Secp256k1 {
    fn decimal(scalar: &Self::Scalar) -> String {
        decimal(U256::from_be_slice(&scalar.to_bytes()))
    }

    fn coordinates(&self) -> [String; 2] {
        let point = self.to_affine();
        [point.x(), point.y()].map(|coordinate| decimal(U256::from_be_slice(&coordinate)))
    }
}

impl Curve for Ed25519 {
    fn decimal(scalar: &Self::Scalar) -> String {
        decimal(U256::from_le_slice(scalar.as_bytes()))
    }

    /// The library gives y and whether x is odd. The curve's equation, -x² + y² = 1 + dx²y², has the rest of x.
    fn coordinates(&self) -> [String; 2] {
        let mut bytes = self.compress().0;
        let odd = bytes[31] >> 7 == 1;
        bytes[31] &= 0x7f;
        let y = Field::new(&U256::from_le_slice(&bytes));
        let d = -quotient(Field::new(&U256::from_u32(121_665)), Field::new(&U256::from_u32(121_666)));
        let square = quotient(y.square() - Field::ONE, d * y.square() + Field::ONE);
        let x = square.sqrt().into_option().unwrap_or_else(|| unreachable!("a point lies on its curve"));
        let x = if bool::from(x.retrieve().is_odd()) == odd { x } else { -x };
        [x, y].map(|coordinate| decimal(coordinate.retrieve()))
    }
}

const_prime_monty_params!(
    Modulus,
    U256,
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
    2,
    "2^255 - 19."
);

/// What an ed25519 point's coordinates are.
type Field = ConstMontyForm<Modulus, { U256::LIMBS }>;

/// No divisor here is zero, since d is no square.
fn quotient(dividend: Field, divisor: Field) -> Field {
    dividend * divisor.invert().into_option().unwrap_or_else(|| unreachable!("a divisor is not zero"))
}

fn decimal(number: U256) -> String {
    number.to_string_radix_vartime(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generators_have_the_coordinates_that_their_standards_give() {
        let hex = |digits: &str| decimal(U256::from_be_hex(digits));
        let secp256k1 = [
            hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
            hex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
        ];
        assert_eq!(Secp256k1::generator().coordinates(), secp256k1);
        // RFC 8032, 5.1.
        let ed25519 = [
            "15112221349535400772501151409588531511454012693041857206046113283949847762202",
            "46316835694926478169428394003475163141307993866256225615783033603165251855960",
        ];
        assert_eq!(Ed25519::generator().coordinates(), ed25519);
        assert_eq!((-Ed25519::generator()).coordinates()[1], ed25519[1]);
        assert_ne!((-Ed25519::generator()).coordinates()[0], ed25519[0]);
    }
}
