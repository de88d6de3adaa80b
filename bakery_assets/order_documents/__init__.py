"""Order documents: a purchase order as a page, a PDF and a table, in the language of the bakery's country."""

from bakery_assets.order_documents.document import OrderDocument, OrderLine
from bakery_assets.order_documents.render import as_csv, as_html, as_pdf

__all__ = ["OrderDocument", "OrderLine", "as_csv", "as_html", "as_pdf"]
