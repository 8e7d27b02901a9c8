"""How forms become HTML: templates/_form.html and _field.html, for our forms and for allauth's."""

from django.forms.renderers import TemplatesSetting


class HouseRenderer(TemplatesSetting):
    """`{{ form }}` and `{{ field.as_field_group }}` with our labels, hints and errors."""

    form_template_name = "_form.html"
    field_template_name = "_field.html"
