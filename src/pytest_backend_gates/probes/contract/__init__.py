"""The contract of an API: what its schema promises, held against what the application answers.

engine    drives schemathesis, one operation at a time; nothing else imports it
setting   what schemathesis is told: our defaults, under the project's schemathesis.toml
document  the OpenAPI document, and the references in it
serving   the application, served in this process
findings  what an exercise of one operation showed, and how it is told
gathered  the exercises of all processes together
probe     the metrics
"""
