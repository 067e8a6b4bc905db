//! Services and their methods.

use super::file::{Options, Rpc, Service};
use super::parse::{Parser, Read};

impl<'d> Parser<'d> {
    pub(super) fn service(&mut self, above: &'d str) -> Read<()> {
        let name = self.word("the service has no name")?;
        self.needs(b'{', "the service has no body")?;
        let comment = self.comment(above);
        let mut service = Service { name, comment, options: Options::default(), rpcs: Vec::new() };
        self.block(|p| {
            let above = p.token.above;
            match p.word("a method is expected here")? {
                "option" => {
                    service.options.0.push(p.option()?);
                    p.needs(b';', "the statement does not end in a semicolon")
                }
                "rpc" => {
                    service.rpcs.push(p.rpc(above)?);
                    Ok(())
                }
                _ => p.fault("a method starts with rpc"),
            }
        });
        self.file.services.push(service);
        Ok(())
    }

    fn rpc(&mut self, above: &'d str) -> Read<Rpc<'d>> {
        let name = self.word("the method has no name")?;
        let (input, asks) = self.message_of()?;
        if self.token.text != "returns" {
            return self.fault("the method does not say what it returns");
        }
        self.take();
        let (output, tells) = self.message_of()?;
        let mut options = Options::default();
        let mut comment = above;
        if self.takes(b'{') {
            self.block(|p| {
                if p.word("an option is expected here")? != "option" {
                    return p.fault("an option is expected here");
                }
                options.0.push(p.option()?);
                p.needs(b';', "the statement does not end in a semicolon")
            });
        } else {
            self.needs(b';', "the statement does not end in a semicolon")?;
            comment = self.comment(above);
        }
        Ok(Rpc { name, input, output, streams: asks || tells, comment, options })
    }

    /// `(stream Book)`
    fn message_of(&mut self) -> Read<(&'d str, bool)> {
        self.needs(b'(', "a message in parentheses is expected here")?;
        let mut of = self.path("the name of a message is expected here")?;
        let streams = of == "stream" && !self.token.is(b')');
        if streams {
            of = self.path("the name of a message is expected here")?;
        }
        self.needs(b')', "a parenthesis is not closed")?;
        Ok((of, streams))
    }
}
