// Frames of a GStreamer pipeline of your own go into a detector: gstreamer_frames MODEL PIPELINE
// The pipeline ends before its sink, as in
//   gstreamer_frames yolov8n.safetensors "filesrc location=clip.mp4 ! decodebin ! videoconvert"
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <octet/octet.h>

#include <cstdio>
#include <string>

namespace {

// The mapped buffer is given to the detector as it is: no copy.
void detect(const octet::Detector& detector, GstSample* sample, int number) {
  GstVideoInfo info;
  GstVideoFrame frame;
  if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
      !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
    return;
  const octet::ImageView view(static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
                              {GST_VIDEO_FRAME_WIDTH(&frame), GST_VIDEO_FRAME_HEIGHT(&frame)},
                              octet::PixelFormat::kRgb, GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0));
  const octet::Detections found = detector.detect(view);
  gst_video_frame_unmap(&frame);
  std::printf("frame %d:", number);
  for (const octet::Detection& d : found) std::printf(" %s %.2f", d.name.c_str(), d.confidence);
  std::printf("\n");
}

void run(const char* model, const std::string& pipeline) {
  const octet::Detector detector(model);
  GError* error = nullptr;
  GstElement* all = gst_parse_launch(
      (pipeline + " ! video/x-raw,format=RGB ! appsink name=sink sync=false max-buffers=2").c_str(),
      &error);
  if (error != nullptr)
    throw octet::Error(octet::ErrorCode::kUsage, std::string("pipeline: ") + error->message);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(all), "sink");
  gst_element_set_state(all, GST_STATE_PLAYING);
  int number = 0;
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND)) {
    detect(detector, sample, number++);
    gst_sample_unref(sample);
  }
  gst_element_set_state(all, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: gstreamer_frames MODEL PIPELINE\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  try {
    run(argv[1], argv[2]);
  } catch (const octet::Error& e) {
    std::fprintf(stderr, "gstreamer_frames: %s\n", e.what());
    return static_cast<int>(e.code());
  }
}
