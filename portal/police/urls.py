"""Routes under /police/."""

from django.urls import path

from portal.police.views import (
    campaigns,
    conclusions,
    erasure,
    gallery,
    images,
    questions,
    queue,
    records,
    reviews,
    triage,
)

app_name = "police"
urlpatterns = [
    path("queue/", queue.queue, name="queue"),
    path("progress/", queue.dashboard, name="dashboard"),
    path("take-next/", queue.take_next, name="take-next"),
    path("decisions/<uuid:decision_uid>/take/", queue.decision_take, name="decision-take"),
    path("decisions/<uuid:decision_uid>/", records.decision_record, name="decision-record"),
    path("decisions/<uuid:decision_uid>/ask/", questions.question_ask, name="question-ask"),
    path("questions/", questions.questions, name="questions"),
    path("questions/<uuid:question_uid>/withdraw/", questions.question_withdraw, name="question-withdraw"),
    path("triage/", triage.triage, name="triage"),
    path("reviews/<uuid:review_uid>/", reviews.review, name="review"),
    path("reviews/<uuid:review_uid>/compare/", reviews.review_blind, name="review-blind"),
    path(
        "reviews/<uuid:review_uid>/judgements/<uuid:judgement_uid>/save/",
        reviews.judgement_save,
        name="judgement-save",
    ),
    path(
        "reviews/<uuid:review_uid>/judgements/<uuid:judgement_uid>/change/",
        reviews.judgement_change,
        name="judgement-change",
    ),
    path("reviews/<uuid:review_uid>/rest/", reviews.judgements_rest, name="judgements-rest"),
    path("reviews/<uuid:review_uid>/view-edits/", reviews.view_edits, name="view-edits"),
    path("reviews/<uuid:review_uid>/save/", reviews.blind_save, name="blind-save"),
    path("reviews/<uuid:review_uid>/reveal/", conclusions.review_reveal, name="review-reveal"),
    path("reviews/<uuid:review_uid>/adjudicate/", conclusions.review_adjudicate, name="review-adjudicate"),
    path("reviews/<uuid:review_uid>/hand-back/", reviews.review_release, name="review-release"),
    path("reviews/<uuid:review_uid>/probes/<int:number>/face/", images.probe_face, name="probe-face"),
    path("reviews/<uuid:review_uid>/probes/<int:number>/frame/", images.probe_frame, name="probe-frame"),
    path("candidates/<uuid:judgement_uid>/face/", images.candidate_face, name="candidate-face"),
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/new/", campaigns.campaign_create, name="campaign-create"),
    path("campaigns/<uuid:campaign_uid>/", campaigns.campaign, name="campaign"),
    path("campaigns/<uuid:campaign_uid>/edit/", campaigns.campaign_edit, name="campaign-edit"),
    path("campaigns/<uuid:campaign_uid>/move/", campaigns.campaign_move, name="campaign-move"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("gallery/images/", gallery.gallery_images, name="gallery-images"),
    path("gallery/images/<uuid:image_uid>/", gallery.custody_image, name="custody-image"),
    path("gallery/images/<uuid:image_uid>/picture/", gallery.custody_picture, name="custody-picture"),
    path("gallery/images/<uuid:image_uid>/review/", gallery.custody_review, name="custody-review"),
    path("gallery/images/<uuid:image_uid>/deletion/", gallery.deletion_request, name="deletion-request"),
    path("gallery/images/<uuid:image_uid>/erase/", erasure.custody_erase, name="custody-erase"),
]
