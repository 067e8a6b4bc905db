//! The server of `serve --http` with the fixtures of the official MCP conformance suite around its handler, on a free port of
//! loopback: what is no fixture goes to the handler that is shipped, and all of it over the transport that is shipped. Ends when it is asked to.

#![expect(clippy::print_stderr, clippy::expect_used, reason = "a program for tests")]

mod fixtures;

use std::borrow::Cow;
use std::sync::Arc;

use platform_integration::app::App;
use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::evidence::MemoryLedger;
use platform_integration::mcp::{HttpOptions, Server, serve_handler};
use platform_integration::store::MemoryStore;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo, CustomRequest,
    CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams, GetSkillResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio_util::sync::CancellationToken;

/// The handler that is shipped, and the fixtures before it.
#[derive(Clone)]
struct WithFixtures(Server);

type Context = RequestContext<RoleServer>;
type Paged = Option<PaginatedRequestParams>;

impl ServerHandler for WithFixtures {
    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }

    async fn discover(&self, context: Context) -> Result<DiscoverResult, ErrorData> {
        self.0.discover(context).await
    }

    async fn list_tools(&self, page: Paged, context: Context) -> Result<ListToolsResult, ErrorData> {
        let mut all = self.0.list_tools(page, context).await?;
        all.tools.extend(fixtures::tools());
        Ok(all)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.get_tool(name).or_else(|| fixtures::tools().into_iter().find(|t| t.name == name))
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: Context) -> Result<CallToolResponse, ErrorData> {
        if fixtures::tools().iter().any(|t| t.name == request.name) {
            return fixtures::call(&request, &context).await;
        }
        self.0.call_tool(request, context).await
    }

    async fn list_resources(&self, page: Paged, context: Context) -> Result<ListResourcesResult, ErrorData> {
        let mut all = self.0.list_resources(page, context).await?;
        if all.next_cursor.is_none() {
            all.resources.extend(fixtures::resources());
        }
        Ok(all)
    }

    async fn list_resource_templates(
        &self,
        page: Paged,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut all = self.0.list_resource_templates(page, context).await?;
        all.resource_templates.push(fixtures::template());
        Ok(all)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if let Some(contents) = fixtures::read(&request.uri) {
            return Ok(ReadResourceResult::new(vec![contents]).into());
        }
        self.0.read_resource(request, context).await
    }

    async fn list_skills(&self, page: Paged, context: Context) -> Result<ListSkillsResult, ErrorData> {
        self.0.list_skills(page, context).await
    }

    async fn get_skill(&self, request: GetSkillRequestParams, context: Context) -> Result<GetSkillResult, ErrorData> {
        self.0.get_skill(request, context).await
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        context: Context,
    ) -> Result<ReadResourceDirectoryResult, ErrorData> {
        self.0.read_resource_directory(request, context).await
    }

    async fn on_custom_request(&self, request: CustomRequest, context: Context) -> Result<CustomResult, ErrorData> {
        self.0.on_custom_request(request, context).await
    }

    async fn list_prompts(&self, page: Paged, context: Context) -> Result<ListPromptsResult, ErrorData> {
        let mut all = self.0.list_prompts(page, context).await?;
        all.prompts.extend(fixtures::prompts());
        Ok(all)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        if let Some(result) = fixtures::prompt(&request.name, request.arguments.as_ref()) {
            return Ok(result.into());
        }
        self.0.get_prompt(request, context).await
    }

    async fn complete(&self, request: CompleteRequestParams, context: Context) -> Result<CompleteResult, ErrorData> {
        if fixtures::completes(&request.r#ref) {
            return Ok(CompleteResult::new(CompletionInfo::default()));
        }
        self.0.complete(request, context).await
    }
}

#[tokio::main]
async fn main() {
    let (store, ledger) = (Arc::new(MemoryStore::default()), Arc::new(MemoryLedger::default()));
    let cwd = std::env::current_dir().expect("a working directory");
    let app = App::new(store, ledger, Arc::new(SystemClock), Rng::from_os(), cwd);
    let handler = WithFixtures(Server::new(Arc::new(app)).expect("a key"));
    let (stop, end) = (CancellationToken::new(), asked_to_end());
    let options = HttpOptions::new("127.0.0.1:0".parse().expect("an address"));
    let listening = serve_handler(handler, options, stop.clone()).await.unwrap_or_else(|no| panic!("{no:?}"));
    eprintln!("serving MCP at {} until SIGTERM", listening.url);
    end.await;
    stop.cancel();
    listening.ended.await.expect("it ends in order");
}

#[cfg(unix)]
/// Listens from the call on, not from the first poll: nobody ends it before.
fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::terminate()).expect("a signal can be waited for");
    async move {
        asked.recv().await;
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    tokio::signal::ctrl_c().await.expect("Ctrl-C can be waited for");
}
