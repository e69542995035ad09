"""The API reference from an OpenAPI document."""

from hookline.console.reference import chapters, error_pages, event_pages

DOCUMENT = {
    "paths": {
        "/v1/things": {
            "post": {
                "tags": ["Things"],
                "operationId": "create_thing",
                "summary": "Create thing",
                "description": "Makes a `thing`.",
                "x-required-scope": "things:write",
                "x-idempotent": True,
                "parameters": [
                    {"$ref": "#/components/parameters/Trace"},
                    {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/New"}}
                    }
                },
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/New"}}
                        },
                    },
                    "422": {"description": "Not valid"},
                },
            }
        }
    },
    "components": {
        "parameters": {
            "Trace": {
                "name": "Trace-Id",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
            }
        },
        "schemas": {
            "New": {
                "type": "object",
                "required": ["name", "kind"],
                "properties": {
                    "name": {"type": "string", "examples": ["it's one"]},
                    "kind": {"enum": ["a", "b"]},
                    "parent": {"anyOf": [{"$ref": "#/components/schemas/New"}, {"type": "null"}]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
            }
        },
    },
}


def test_an_operation_is_read_with_everything_it_refers_to() -> None:
    (chapter,) = chapters(DOCUMENT, "http://here")
    (operation,) = chapter.operations
    assert (operation.method, operation.scope, operation.idempotent) == (
        "POST",
        "things:write",
        True,
    )
    assert [field.name for field in operation.parameters] == ["Trace-Id", "dry"]
    assert operation.parameters[0].required
    top = [(field.name, field.kind) for field in operation.body if field.depth == 0]
    assert top == [
        ("name", "string"),
        ("kind", "a | b"),
        ("parent", "object or null"),
        ("tags", "list of string"),
    ]


def test_a_schema_that_holds_itself_ends() -> None:
    (chapter,) = chapters(DOCUMENT, "http://here")
    assert max(field.depth for field in chapter.operations[0].shape) <= 4


def test_the_example_can_be_pasted_into_a_shell() -> None:
    (chapter,) = chapters(DOCUMENT, "http://here")
    assert """-d '{"name": "it'\\''s one", "kind": "a"}'""" in chapter.operations[0].curl


def test_every_error_page_says_what_to_do() -> None:
    pages = error_pages()
    codes = [page.code for page in pages]
    assert len(codes) == len(set(codes))
    assert {"not_found", "insufficient_scope", "rate_limited"} <= set(codes)
    assert all(page.text and page.title for page in pages)


def test_events_are_shown_as_receivers_get_them() -> None:
    content = {"application/json": {"example": {"type": "thing.made"}}}
    document = {"webhooks": {"thing.made": {"post": {"requestBody": {"content": content}}}}}
    (page,) = event_pages(document)
    assert (page.type, page.example) == ("thing.made", '{\n  "type": "thing.made"\n}')


def test_answers_lead_to_the_page_of_their_error() -> None:
    responses = {"404": {"description": "Not found"}, "200": {"description": "Successful Response"}}
    document = {"paths": {"/x": {"get": {"responses": responses}}}}
    answers = chapters(document, "")[0].operations[0].answers
    assert [(answer.text, answer.code) for answer in answers] == [
        ("Success", ""),
        ("Not found", "not_found"),
    ]
