'''The dashboard: pages rendered by the server, with htmx and one small script on top; nothing foreign is loaded.

A page is a handler, a ``Page`` in its module's ``PAGES``, and a template. What stands before every page has one home,
``page.py``: sign-in, account, permission, forgery, faults. A module with one page::

    async def list_routes(visit: Visit) -> Response:
        """What is shown: the template gets ``visit`` and the values named here."""
        return visit.page("routes/list.html", routes=await visit.provisioning.routes.of(visit.account.id))

    async def add(visit: Visit) -> Response:
        form = await visit.form()
        try:
            await visit.provisioning.routes.add(visit.account.id, form.text("name"))
        except ProvisioningFault as fault:
            form.refuse(fault, {FaultCode.INVALID_NAME: "name"})        # beside the field; else above all fields
            return visit.page("routes/new.html", 422, form=form)
        return visit.go("routes", "The route is ready.")                # a redirect; the next page shows a toast

    PAGES: Final = (
        Page("GET", "routes", Permission.READ, list_routes),            # /1000001/routes
        Page("POST", "routes", Permission.PROVISION, add),
    )

``application.py`` collects the ``PAGES`` of all modules, ``navigation.py`` says what stands on the left. What a role may
not do is hidden in the template (``{% if visit.may("provision") %}``) and refused by the ``Page`` on the server.

A template::

    {% extends "layout.html" %}
    {% from "components/ui.html" import page_head, link_button, table, empty, badge, time with context %}
    {% block title %}Routes{% endblock %}
    {% block content %}
    {% call page_head("Routes", "One sentence.") %}{{ link_button("Add", visit.path("routes/new"), "primary", "plus") }}{% endcall %}
    <div class="table-box">{% call table("Routes", ("Name", ("Calls", "number"))) %}<tr><td class="lead">…{% endcall %}</div>
    {% endblock %}

Components (``templates/components/ui.html``, each described there): ``page_head``, ``link_button`` (``dialog=True`` opens
the page as a dialog: its template says ``{% extends frame %}`` and its handler ``visit.dialog``), ``submit``, ``token`` (in
every form that posts), ``field``, ``password_field``, ``lines_field``, ``select_field``, ``checkbox``, ``choices``,
``form_errors``, ``form_foot``, ``card``, ``facts``, ``note``, ``badge``, ``time``, ``copyable``, ``code_block``, ``table``,
``empty``, ``tabs``; icons are in ``icons.html``, the first-run checklist in ``checklist.html``. Classes of ``static/app.css``
that pages use by themselves: ``columns``, ``stack``, ``row``, ``figures``/``figure``, ``table-tools``, ``pager``, ``soft``.

Lists that are searched answer ``visit.is_fragment`` with their rows alone (see ``credential_pages.list_credentials``).
Live parts: a page names the kinds of events it wants in the block ``event_kinds`` of the layout (``registered expired``);
they trigger ``live`` and ``live:KIND`` on the body, at most once a second, so that ``hx-trigger="live from:body"`` fetches a
part anew (``registrations/rows.html`` does); ``event_stream.py`` is the other end. ``visit.operations`` is the running server.
Pages with many rows answer ``await visit.long_page(…)``, which renders a millisecond at a time; their rows stand outside of
macros, between ``open_table`` and ``</tbody></table>``. ``charts.html`` draws what ``charts.py`` works out.
Times are given as epoch seconds to ``time``; a script shows them in the reader's zone. The policy of the pages allows no
inline script and no style attribute; a drawing takes its colours from classes. Text that came by SIP goes through
autoescape, and into ``<bdi>`` where it could turn the line round.
'''
