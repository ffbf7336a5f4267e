"""The contract of an API: what its schema promises, held against what the application answers.

items         the operations as pytest items (plan: their settings, keywords: how to run one alone)
ending        one of them: its exercise, how the test ends (overridden: the application that it gets)
app           the application that backend_gates_app names
engine        drives schemathesis, one operation at a time
declared      the operations, as the document and schemathesis know them
exercising    one exercise under way: its threads and its time
setting       what schemathesis is told: our defaults, under the project's schemathesis.toml
generating    what hypothesis must not look at
events        what the engine says, summed up
document      the OpenAPI document (references: where those in it lead, path_items: in their places)
serving       the application, served in this process (serving_asgi with its lifespan and threads, serving_wsgi)
server        the server at the base URL in its place (serving_http, wire: how it is asked, routes: by tests)
own_threads   the threads of an exercise, which nobody has to measure
leaving       an application that would end the process
signals       exceptions that a framework catches and tells of
confidential  what is masked in all that is told
findings      what an exercise of one operation showed, and how it is told (tracebacks: the project's own line)
observed      the answers that the project's own tests receive (bodies: what is read of one)
contracts     which contract an answer is held against
conformance   holds an answer against one, by schemathesis's checks
seen          what the tests have seen of one operation
gathered      the exercises of all processes and what their tests have seen, together
probe         the metrics
"""
