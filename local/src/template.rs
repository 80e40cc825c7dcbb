//! The stack that `template.yaml` describes, resolved as CloudFormation and SAM would.
//!
//! Only what the local run needs is read, and in that nothing is guessed: an intrinsic function, a resource attribute,
//! or a property of the API that is not understood is an error that says where it stands. What a value may be is for
//! CloudFormation to say: on a desk every value is a constant.

mod api;
mod error;
mod evaluate;
mod function;
mod names;
mod read_api;
mod resource;
mod stack;
mod table;
pub mod yaml;

pub use self::{
    api::{Api, Authorizer, Cors, Rate, Route, Stage},
    error::TemplateError,
    function::Function,
    resource::Key,
    stack::{Stack, Template},
    table::Table,
};
